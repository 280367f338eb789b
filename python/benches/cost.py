"""Measures what the package costs and writes the table of docs/python.md: `python benches/cost.py WHEEL`.

WHEEL is installed into an empty virtual environment of the Python that runs this. NumPy comes from pip's cache, which a first
installation fills, so that the time does not depend on the network.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.append(str(REPOSITORY / "benches"))
import blocks  # noqa: E402

MODEL = REPOSITORY / "models" / "clinc-intents-int8.albert"
#: New processes for a figure.
TIMES = 21
TIMED = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
TWO_LINES = f"""from albert_edge import pipeline
print(pipeline("text-classification", model={str(MODEL)!r})("play some jazz"))"""
ONE_CALL = f"""import time
from albert_edge import pipeline
classify = pipeline("text-classification", {str(MODEL)!r}, threads=1)
times = []
for _ in range(300):
    start = time.perf_counter()
    classify("play some jazz")
    times.append(time.perf_counter() - start)
print(sorted(times)[150])"""


def environment(folder: Path, wheel: Path) -> tuple[Path, float]:
    """The Python of a new environment with the wheel, and the seconds that pip took."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    start = time.perf_counter()
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel], check=True)
    return python, time.perf_counter() - start


def printed(python: Path, code: str) -> str:
    # Not in the folder of the sources, which have no native part.
    return subprocess.run([python, "-c", code], capture_output=True, check=True, text=True, cwd=python.parent).stdout


def median_ms(python: Path, code: str) -> float:
    """Median of what new processes print, in milliseconds."""
    return 1e3 * statistics.median(float(printed(python, code)) for _ in range(TIMES))


def median_whole_ms(python: Path, code: str) -> float:
    """Median time of whole processes, in milliseconds."""
    times: list[float] = []
    for _ in range(TIMES):
        start = time.perf_counter()
        printed(python, code)
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def main(wheel: Path) -> None:
    """Measures, and writes the table."""
    with tempfile.TemporaryDirectory() as folder:
        environment(Path(folder) / "first", wheel)
        python, seconds = environment(Path(folder) / "second", wheel)
        packages = json.loads(subprocess.check_output([python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]))
        names = sorted(package["name"] for package in packages if package["name"] not in ("pip", "setuptools"))
        lines = [
            f"{blocks.today()}, {blocks.processor()}, Python {sys.version.split()[0]};",
            f"medians of {TIMES} new processes, `models/{MODEL.name}`.",
            "",
            "| | |",
            "|---|--:|",
            f"| wheel | {wheel.stat().st_size / 1e6:.2f} MB |",
            f"| `pip install` of it into an empty virtual environment | {seconds:.1f} s |",
            f"| what is installed then | {', '.join(names)} |",
            f"| `import albert_edge` | {median_ms(python, TIMED.format('import albert_edge')):.1f} ms |",
            f"| `import numpy`, for comparison | {median_ms(python, TIMED.format('import numpy')):.1f} ms |",
            f"| a process with the two lines of the start, from its start to its end | {median_whole_ms(python, TWO_LINES):.1f} ms |",
            f"| a process that does nothing | {median_whole_ms(python, 'pass'):.1f} ms |",
            f"| one call, 5 tokens, 1 thread | {1e3 * float(printed(python, ONE_CALL)):.3f} ms |",
        ]
    blocks.write("docs/python.md", "cost", "\n".join(lines))


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
