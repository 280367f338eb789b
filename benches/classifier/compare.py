"""`albert fit` beside scikit-learn's LogisticRegression on the same features of CLINC150, in turns."""
import shlex
import statistics
import sys

import encoders
from document import RELEASE, ROOT, lines

SIZES, ROUNDS = (5, 10, 20, 50), 3


def accuracy(draws):
    values = [100 * draw["accuracy"] for draw in draws[: len(draws) // ROUNDS]]
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"


def seconds(draws):
    return statistics.median(draw["seconds"] for draw in draws)


def rows(options):
    data = options.shared / "data/clinc150"
    yield "| encoder | sentences a label | `albert fit`, % | scikit-learn, % | difference | `albert fit`, s | scikit-learn, s | ratio |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for name in encoders.NAMES:
        encoder, folder = encoders.encoder(options, name), options.folder / name
        for size in SIZES:
            ours, theirs, timed_by = [], [], shlex.split(options.timed_by)
            for _ in range(ROUNDS):
                ours += lines(*timed_by, RELEASE / "examples/draws", encoder, data / "train.jsonl", data / "val.jsonl", folder, size)
                theirs += lines(*timed_by, sys.executable, ROOT / "benches/classifier/sklearn_draws.py", folder, "--sizes", size)
            difference = 100 * statistics.mean(a["accuracy"] - b["accuracy"] for a, b in zip(ours, theirs))
            ratio = statistics.median(b["seconds"] / a["seconds"] for a, b in zip(ours, theirs))
            yield (
                f"| {name} | {size} | {accuracy(ours)} | {accuracy(theirs)} | {difference:+.2f} "
                f"| {seconds(ours):.2f} | {seconds(theirs):.2f} | {ratio:.1f} |"
            )
