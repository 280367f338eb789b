"""Measures the programs of python/examples and writes their table in docs/python.md: `python benches/engines.py [ROWS]`.

The rows are CLINC150's texts, repeated, as Parquet. While a program runs, the memory maps of every process that has the model
open are read once a second. Needs Linux, and ray, dask and pyarrow.
"""

from __future__ import annotations

import importlib.metadata
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.append(str(REPOSITORY / "benches"))
import blocks  # noqa: E402

MODEL = REPOSITORY / "models" / "clinc-intents-int8.albert"
TEXTS = Path(os.environ.get("ALBERT_SHARED") or REPOSITORY.parent / "shared") / "data" / "clinc150" / "train.jsonl"
FILES = 16
WORKERS = 2


@dataclass
class Memory:
    """The most that a process had, in bytes."""

    resident: int = 0
    proportional: int = 0
    model: int = 0
    model_shared: int = 0
    model_written: int = 0

    def raise_to(self, other: Memory) -> None:
        for name, value in vars(other).items():
            setattr(self, name, max(getattr(self, name), value))


@dataclass
class Run:
    """What was seen of a program."""

    seconds: float = 0.0
    until_open: float = 0.0
    processes: dict[int, Memory] = field(default_factory=dict)


def memory(pid: int, model: Path) -> Memory | None:
    """The maps of a process; `None` when it does not have the model open."""
    found, of_model = Memory(), False
    try:
        # Far cheaper than the sizes.
        if f" {model}\n" not in Path(f"/proc/{pid}/maps").read_text():
            return None
        lines = Path(f"/proc/{pid}/smaps").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        name, *values = line.split()
        if not name.endswith(":"):
            of_model = line.endswith(f" {model}")
        elif name in ("Rss:", "Pss:", "Shared_Clean:", "Private_Dirty:"):
            size = int(values[0]) * 1024
            found.resident += size if name == "Rss:" else 0
            found.proportional += size if name == "Pss:" else 0
            if of_model:
                found.model += size if name == "Rss:" else 0
                found.model_shared += size if name == "Shared_Clean:" else 0
                found.model_written += size if name == "Private_Dirty:" else 0
    return found


def watch(ended: Callable[[], bool], model: Path, workers: int) -> Run:
    """Looks at all processes until the program has ended."""
    run, started, looked = Run(), time.perf_counter(), 0.0
    while not ended():
        if time.perf_counter() - looked >= 1.0:
            looked = time.perf_counter()
            for pid in [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]:
                if (now := memory(pid, model)) is not None:
                    run.processes.setdefault(pid, Memory()).raise_to(now)
            if not run.until_open and len(run.processes) >= workers:
                run.until_open = looked - started
        time.sleep(0.05)
    run.seconds = time.perf_counter() - started
    print(f"{run.seconds:.1f} s", file=sys.stderr)
    if len(run.processes) != workers:
        raise SystemExit(f"{len(run.processes)} processes had the model open; {workers} were expected")
    return run


def alone(model: str, source: str, target: str) -> None:
    """The same work in one process, without an engine."""
    from albert_edge import pipeline

    classify = pipeline("text-classification", model, threads=2)
    Path(target).mkdir()
    for part in sorted(Path(source).iterdir()):
        table = parquet.read_table(part)
        rows = classify(table["text"])
        table = table.append_column("label", pa.array([row["label"] for row in rows]))
        table = table.append_column("score", pa.array([row["score"] for row in rows], pa.float32()))
        parquet.write_table(table, Path(target) / part.name)


def dataset(folder: Path, rows: int) -> None:
    """Texts as several files."""
    texts = [json.loads(line)["text"] for line in TEXTS.read_text(encoding="utf-8").splitlines()]
    folder.mkdir()
    for part in range(FILES):
        numbers = range(part * rows // FILES, (part + 1) * rows // FILES)
        table = pa.table({"row": list(numbers), "text": [texts[number % len(texts)] for number in numbers]})
        parquet.write_table(table, folder / f"{part:02}.parquet")


def main(rows: int) -> None:
    """Runs all, compares their answers, writes the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "in"
        dataset(source, rows)
        # A copy of its own: nobody else has it open.
        model = folder / MODEL.name
        model.write_bytes(MODEL.read_bytes())
        # Pages that still have to be written to disk would count as written to.
        os.sync()

        def of_example(example: str) -> Run:
            program = REPOSITORY / "python" / "examples" / example
            command = [sys.executable, str(program), str(model), str(source), str(folder / example), str(WORKERS)]
            with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                run = watch(lambda: process.poll() is not None, model, WORKERS)
            if process.returncode:
                raise SystemExit(f"{example} failed")
            return run

        def of_one() -> Run:
            process = multiprocessing.get_context("spawn").Process(target=alone, args=(str(model), str(source), str(folder / "alone")))
            process.start()
            return watch(lambda: not process.is_alive(), model, 1)

        runs: dict[str, Run] = {
            "one process, `threads=2`": of_one(),
            f"Ray Data {importlib.metadata.version('ray')}": of_example("ray_data.py"),
            f"Dask {importlib.metadata.version('dask')}": of_example("dask_dataframe.py"),
        }
        answers = [parquet.read_table(folder / part).sort_by("row") for part in ("alone", "ray_data.py", "dask_dataframe.py")]
        for other in answers:
            if other["row"].to_pylist() != list(range(rows)) or other["label"].to_pylist() != answers[0]["label"].to_pylist():
                raise SystemExit("the answers differ")
        blocks.write("docs/python.md", "many-machines", table(runs, rows, model.stat().st_size))


def table(runs: dict[str, Run], rows: int, bytes_of_model: int) -> str:
    """The block of the page."""

    def megabytes(values: list[int]) -> str:
        return ", ".join(f"{value / 1e6:.1f}" for value in values)

    def line(name: str, run: Run) -> str:
        cells: list[Any] = [name, f"{rows / run.seconds:.0f}", f"{run.seconds:.1f}", f"{run.until_open:.1f}"]
        for kind in ("resident", "proportional", "model", "model_shared", "model_written"):
            cells.append(megabytes([getattr(memory, kind) for memory in run.processes.values()]))
        return f"| {' | '.join(cells)} |"

    lines = [
        f"Written by `python/benches/engines.py` on {blocks.today()}, {blocks.processor()}, Python {sys.version.split()[0]}.",
        f"{rows:,} rows of CLINC150's texts in {FILES} Parquet files, `models/{MODEL.name}` of {bytes_of_model / 1e6:.2f} MB, {WORKERS} worker",
        "processes of one thread. Rows a second are those of the whole program, with the start of the engine. Memory is the most of each",
        "process that had the model open, in MB; shared pages count in part (`Pss`) or as a whole (resident). All programs gave the same labels.",
        "",
        "| | rows/s | seconds | until the workers had the model open | resident | Pss | pages of the model | of them shared | of them written to |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    return "\n".join([*lines, *(line(name, run) for name, run in runs.items())])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
