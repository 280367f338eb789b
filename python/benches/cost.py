"""Measures what the package costs and writes the table of docs/python.md.

    python benches/cost.py WHEEL [CHECKPOINT]

WHEEL is the file that is installed. CHECKPOINT is the one that models/clinc-intents-int8.albert was made from; where torch and
transformers are installed, their pipeline runs it in fp32 on the same texts, in turns with this package.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.append(str(REPOSITORY / "benches"))
import blocks  # noqa: E402

MODEL = REPOSITORY / "models" / "clinc-intents-int8.albert"
WORDS = "what is the weather like in tokyo tomorrow and can you book a table for two near the river tonight".split()
TEXTS = [" ".join(WORDS[start : start + length]) for length in (4, 8, 12, 16) for start in range(4)] * 16
IMPORT = "import time; start = time.perf_counter(); import albert_edge; print(time.perf_counter() - start)"
FIRST = IMPORT.replace("; print(", f"; albert_edge.pipeline(model={str(MODEL)!r})('play some jazz'); print(")


def fresh(code: str) -> float:
    """Median milliseconds that a new process prints."""
    times = [float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout) for _ in range(11)]
    return statistics.median(times) * 1e3


def alternating(works: dict[str, Callable[[], Any]], rounds: int = 7) -> dict[str, float]:
    """Median seconds of each, run in turns."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if number:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def main(wheel: Path, checkpoint: Path | None) -> None:
    import albert_edge

    one = albert_edge.pipeline(model=MODEL, threads=1)
    two = albert_edge.pipeline(model=MODEL, threads=2)
    works = {"albert_edge, int8, 1 thread": lambda: one(TEXTS), "albert_edge, int8, 2 threads": lambda: two(TEXTS)}
    other = _transformers(checkpoint) if checkpoint else None
    if other:
        works |= other
    lines = [
        f"{blocks.today()}, {blocks.processor()}, Python {sys.version.split()[0]}. {len(TEXTS)} texts of 4 to 16 words,",
        "`models/clinc-intents-int8.albert`; medians of runs in turns.",
        "",
        "| | |",
        "|---|---|",
        f"| wheel | {wheel.stat().st_size / 1e6:.2f} MB |",
        f"| `import albert_edge` | {fresh(IMPORT):.1f} ms |",
        f"| import, open the model, first answer | {fresh(FIRST):.1f} ms |",
    ]
    single = alternating({"call": lambda: one("play some jazz")}, 200)["call"]
    lines.append(f"| one call, 5 tokens, 1 thread | {single * 1e3:.3f} ms |")
    lines += [f"| {name} | {len(TEXTS) / seconds:.0f} texts/s |" for name, seconds in alternating(works).items()]
    blocks.write("docs/python.md", "cost", "\n".join(lines))


def _transformers(checkpoint: Path) -> dict[str, Callable[[], Any]] | None:
    try:
        import torch
        from transformers import pipeline
    except ImportError:
        return None
    run = pipeline("text-classification", model=str(checkpoint), device="cpu")

    def on(threads: int, batch: int) -> Callable[[], Any]:
        def work() -> None:
            torch.set_num_threads(threads)
            run(TEXTS, batch_size=batch)

        return work

    return {
        f"transformers, torch fp32, {threads} thread{'s'[: threads - 1]}, batch_size={batch}": on(threads, batch)
        for threads in (1, 2)
        for batch in (1, 16)
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
