"""Rounds over all engines: A B C, B C A, C A B and so on.

What the machine does meanwhile (clock, neighbours) hits every engine alike, and ratios are taken within a round.
"""

import json
import math
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

from .engines import Case
from .layout import Layout
from .worker import Worker, WorkerError

#: Between two bursts: threads of the engine before may still be spinning.
SETTLE_SECONDS = 0.02


@dataclass
class Settings:
    """How to measure."""

    rounds: int
    burst_seconds: float
    cores: list[int]
    isa_cap: str | None


def cosine(a: list[float], b: list[float]) -> float:
    product = math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / product if product else 0.0


def reference(layout: Layout, geometry: str) -> dict[str, list[float]]:
    """fp32 logits of the original framework by length."""
    return json.loads((layout.models(geometry) / "reference.json").read_text())


def peaks(layout: Layout, settings: Settings) -> dict[str, float]:
    """MAC/s of this CPU's instructions, now."""
    case = ["taskset", "-c", str(settings.cores[0]), str(layout.program("integer-peak"))]
    return json.loads(subprocess.check_output(case, text=True))["peaks"]


def measure_length(layout: Layout, cases: list[Case], tokens: int, settings: Settings) -> tuple[list[dict], dict]:
    """One row a case, and the median peaks of the rounds."""
    workers: list[tuple[Case, Worker]] = []
    rows = []
    try:
        for case in cases:
            note(f"{tokens} tokens: starting {case.name}")
            try:
                worker = Worker(layout, case, tokens, settings.cores, settings.isa_cap)
                workers.append((case, worker))
            except WorkerError as error:
                print(f"{case.name}, {tokens} tokens: {error}", file=sys.stderr)
                rows.append(row(case, tokens) | {"error": str(error)})
        rounds: dict[str, list[list[float]]] = {case.name: [] for case, _ in workers}
        peak_rounds = []
        for index in range(settings.rounds):
            note(f"{tokens} tokens: round {index + 1} of {settings.rounds}")
            peak_rounds.append(peaks(layout, settings))
            first = index % len(workers) if workers else 0
            for case, worker in workers[first:] + workers[:first]:
                time.sleep(SETTLE_SECONDS)
                rounds[case.name].append(worker.burst(settings.burst_seconds))
        expected = {case.geometry: reference(layout, case.geometry).get(str(tokens)) for case, _ in workers}
        rows += [measured(case, tokens, worker, rounds[case.name], expected[case.geometry]) for case, worker in workers]
    finally:
        for _, worker in workers:
            worker.stop()
        note("")
    names = peak_rounds[0] if peak_rounds else {}
    return rows, {name: statistics.median(each[name] for each in peak_rounds) for name in names}


def row(case: Case, tokens: int) -> dict:
    return {
        "name": case.name,
        "engine": case.engine.name,
        "family": case.engine.family,
        "precision": case.engine.precision,
        "geometry": case.geometry,
        "tokens": tokens,
        "threads": case.threads,
        "batch": case.batch,
    }


def measured(case: Case, tokens: int, worker: Worker, rounds: list[list[float]], expected: list[float] | None) -> dict:
    medians = [statistics.median(times) for times in rounds]
    return row(case, tokens) | {
        "kernels": worker.ready["kernels"],
        "median_ms": statistics.median(medians),
        "min_ms": min(min(times) for times in rounds),
        "max_ms": max(max(times) for times in rounds),
        "round_medians_ms": medians,
        "inferences": sum(len(times) for times in rounds),
        "cosine": cosine(worker.ready["logits"], expected) if expected else None,
    }


def note(text: str) -> None:
    """One line of progress on a terminal, nothing otherwise."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
