"""From process start to first logits, and the most memory that was resident, with the files in the page cache."""

import statistics
import sys

from .engines import Case
from .latency import Settings, note, row
from .layout import Layout
from .worker import Worker, WorkerError


def measure_start(layout: Layout, cases: list[Case], tokens: int, settings: Settings) -> list[dict]:
    """A fresh process each time, engine after engine; a first round that does not count fills the page cache."""
    samples: dict[str, list[dict]] = {case.name: [] for case in cases}
    failed: dict[str, str] = {}
    for index in range(settings.rounds + 1):
        for case in cases:
            if case.name in failed:
                continue
            note(f"start of {case.name}: round {index} of {settings.rounds}")
            try:
                worker = Worker(layout, case, tokens, settings.cores, settings.isa_cap, once=True)
            except WorkerError as error:
                print(f"{case.name}: {error}", file=sys.stderr)
                failed[case.name] = str(error)
                continue
            worker.stop()
            if index > 0:
                samples[case.name].append(worker.ready)
    note("")
    return [started(case, tokens, samples[case.name], failed.get(case.name)) | {"model_mb": case.model_bytes(layout) / 1e6} for case in cases]


def started(case: Case, tokens: int, samples: list[dict], error: str | None) -> dict:
    if error:
        return row(case, tokens) | {"error": error}

    def median(of) -> float:
        return statistics.median(of(sample) for sample in samples)

    return row(case, tokens) | {
        "start_ms": median(lambda sample: sample["start_ms"]),
        "start_min_ms": min(sample["start_ms"] for sample in samples),
        "start_max_ms": max(sample["start_ms"] for sample in samples),
        "load_ms": median(lambda sample: sample["load_ms"]),
        "first_ms": median(lambda sample: sample["first_ms"]),
        "outside_ms": median(lambda sample: sample["start_ms"] - sample["first_ms"]),
        "peak_rss_mb": median(lambda sample: sample["peak_rss_mb"]),
    }
