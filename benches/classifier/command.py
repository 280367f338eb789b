"""What `albert fit` makes of 20 sentences for each of 150 labels, as a user runs it: seconds from the command to the file on all
cores, bytes, and what int8 costs."""
import json
import shlex
import statistics
import sys

import encoders
from document import RELEASE, albert, output

SIZE, RUNS = 20, 3
#: Prints the seconds that a command takes. A process of its own, since what it runs under may wait first.
TIMED = """
import subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(time.perf_counter() - start)
"""


def some(options):
    """A file of the first sentences of each label."""
    train = encoders.rows(options, "train")
    counts, kept = {}, []
    for row in train:
        counts[row["label"]] = counts.get(row["label"], 0) + 1
        if counts[row["label"]] <= SIZE:
            kept.append(row)
    assert len(kept) == SIZE * 150
    return encoders.write(options.folder / "some.jsonl", kept)


def rows(options):
    data = some(options)
    test = encoders.write(options.folder / "val.jsonl", encoders.rows(options, "val"))
    yield "| encoder | width | command to model, s | accuracy | head file in int8, bytes | in f32, bytes | cosine of logits, mean | worst 0.1 % |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    # The one whose head must fit in 64 KiB: it is 256 wide.
    for name in ["clinc-intents"]:
        encoder = encoders.encoder(options, name)
        width = json.loads(albert("inspect", encoder, "--json"))["config"]["hidden_size"]
        model, exact = options.folder / "own.albert", options.folder / "own-f32.albert"
        seconds = []
        for _ in range(RUNS):
            fit = [RELEASE / "albert", "fit", encoder, "--data", data, "-o", model]
            seconds.append(float(output(*shlex.split(options.timed_by), sys.executable, "-c", TIMED, *fit)))
        albert("fit", encoder, "--data", data, "-o", exact, "--float")
        bytes_of = []
        for storage in ([], ["--float"]):
            head = options.folder / "own.head"
            albert("fit", encoder, "--data", data, "-o", head, "--head-only", *storage)
            bytes_of.append(head.stat().st_size)
        accuracy = json.loads(albert("eval", model, "--data", test, "--json"))["accuracy"]
        logits = json.loads(albert("compare", exact, model, "--data", test, "--json"))["measures"]["outputs"]["logits"]
        assert bytes_of[0] <= 64 << 10 and logits["cosine_mean"] >= 0.9999, (bytes_of, logits)
        yield (
            f"| {name} | {width} | {statistics.median(seconds):.1f} | {100 * accuracy:.1f} % | {bytes_of[0]:,} | {bytes_of[1]:,} "
            f"| {logits['cosine_mean']:.6f} | {logits['cosine_p01']:.6f} |"
        )
