"""What `fit` of the npm package takes under Node for the rows of `command`, beside the command with `--portable`, whose bytes it must give:
processor seconds, which other work on the machine hardly changes."""
import resource
import statistics

import command
import encoders
from document import ROOT, albert, lines

RUNS = 3


def processor_seconds():
    """Of all programs that have been run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def rows(options):
    data = command.some(options)
    yield "| encoder | Node | relaxed SIMD | `fit` in Node, s | `albert fit --portable`, s |"
    yield "|---|---|---|--:|--:|"
    for name in ["clinc-intents"]:
        encoder, head = encoders.encoder(options, name), options.folder / "portable.head"
        found, seconds = [], []
        for _ in range(RUNS):
            found += lines("node", ROOT / "js/bench/fit.js", encoder, data)
            start = processor_seconds()
            albert("fit", encoder, "--data", data, "-o", head, "--head-only", "--portable")
            seconds.append(processor_seconds() - start)
        assert all(run["head"] == head.read_bytes().hex() for run in found), "the bytes differ"
        of_node = statistics.median(run["seconds"] for run in found)
        relaxed = "yes" if found[0]["relaxed"] else "no"
        yield f"| {name} | {found[0]['node']} | {relaxed} | {of_node:.1f} | {statistics.median(seconds):.1f} |"
