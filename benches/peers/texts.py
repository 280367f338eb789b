#!/usr/bin/env python3
"""Texts a second, from text to label in Python: this library's package and other engines, in alternating rounds.

  texts.py                        the intent model of 256 channels, one thread
  texts.py --model base           base geometry with random weights
  texts.py --threads 2
  texts.py --update               all four, and writes the block of docs/benchmarks.md

Needs what prepare.py makes, and the checkpoint clinc-intents with its 2,000 rows (--checkpoint). The first run installs the
package into the virtual environment and makes the models.
"""

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from harness.engines import environment
from harness.latency import SETTLE_SECONDS
from harness.layout import PEERS, REPOSITORY, Layout, add_dir_argument, blocks
from harness.report import BUSY_LOAD, table

CALLS = (8, 32, 128)
#: What the pipeline of this package takes at once: its own choice for a list.
OWN_CALL = 128
MODELS = {"clinc-intents": "the intent model of 256 channels", "base": "base geometry, random weights"}


@dataclass(frozen=True)
class Case:
    """An engine with so many texts a call."""

    name: str
    family: str
    model: str
    call: int


def cases() -> list[Case]:
    found = [
        Case("albert-edge, int8, a list", "albert", "albert-int8.albert", OWN_CALL),
        Case("albert-edge, int8, text by text", "albert", "albert-int8.albert", 1),
    ]
    for call in CALLS:
        found.append(Case(f"ONNX Runtime, int8, batches of {call}", "onnxruntime", "int8-fused.onnx", call))
        found.append(Case(f"OpenVINO, int8, batches of {call}", "openvino", "openvino-int8.xml", call))
    return found + [Case("transformers, fp32, batches of 32", "transformers", "checkpoint", 32)]


class Worker:
    def __init__(self, layout: Layout, case: Case, folder: Path, texts: Path, threads: int, cores: list[int]):
        command = [layout.python, PEERS / "workers" / "python" / "texts.py", "--family", case.family]
        command += ["--model", folder / case.model, "--tokenizer", folder / "checkpoint", "--texts", texts]
        command += ["--call", str(case.call), "--threads", str(threads)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(threads),
            preexec_fn=lambda: os.sched_setaffinity(0, cores[:threads]),
        )
        self.ready = self.answer()

    def answer(self) -> dict:
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise SystemExit("a worker ended; what it said is above")

    def burst(self, seconds: float) -> dict:
        print(seconds, file=self.process.stdin, flush=True)
        return self.answer()

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def measure(layout: Layout, folder: Path, texts: Path, threads: int, options: argparse.Namespace) -> list[dict]:
    cores = sorted(os.sched_getaffinity(0))[-threads:]
    chosen = cases()
    workers = [Worker(layout, case, folder, texts, threads, cores) for case in chosen]
    rounds = [[] for _ in chosen]
    for number in range(options.rounds + 1):
        for index in itertools.islice(itertools.cycle(range(len(chosen))), number % len(chosen), number % len(chosen) + len(chosen)):
            time.sleep(SETTLE_SECONDS)
            answer = workers[index].burst(options.burst)
            if number:
                rounds[index].append(answer["texts"] / answer["seconds"])
            memory = answer["peak_rss_mb"]
            if number == options.rounds:
                rounds[index] = {"rounds": rounds[index], "peak_rss_mb": memory}
    for worker in workers:
        worker.stop()
    return [{"name": case.name, "family": case.family, **found} for case, found in zip(chosen, rounds, strict=True)]


def text_of(results: dict[tuple[str, int], list[dict]], rounds: int) -> str:
    lines = []
    for name in (row["name"] for row in next(iter(results.values()))):
        rows = {key: next(row for row in found if row["name"] == name) for key, found in results.items()}
        cells = []
        for key, row in rows.items():
            own = results[key][0]["rounds"]
            ratios = [ours / theirs for ours, theirs in zip(own, row["rounds"], strict=True)]
            against = f" ({statistics.median(ratios):.2f})" if row is not results[key][0] else ""
            cells.append(f"{statistics.median(row['rounds']):,.0f}{against}")
        memory = max(row["peak_rss_mb"] for row in rows.values())
        lines.append([name, *cells, f"{memory:.0f}"])
    heads = [f"{model}, {threads} thread{'s' if threads > 1 else ''}" for model, threads in results]
    return table(["texts a second", *heads, "most MB"], lines).rstrip() + f"\n\nMedians of {rounds} rounds."


def prepare(layout: Layout, checkpoint: Path) -> None:
    python = layout.python
    if subprocess.run([python, "-c", "import albert_edge"], stderr=subprocess.DEVNULL).returncode:
        subprocess.run([python, "-m", "pip", "install", "--quiet", REPOSITORY / "python"], check=True)
    albert = layout.portable / "cli" / "release" / "albert"
    for name in MODELS:
        folder = layout.models(f"texts-{name}")
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "checkpoint").exists():
            shutil.copytree(layout.models(name) / "checkpoint" if name == "base" else checkpoint, folder / "checkpoint")
        for part in ("tokenizer.json", "tokenizer_config.json"):
            if not (folder / "checkpoint" / part).exists():
                shutil.copy(checkpoint.parents[1] / "tokenizer" / part, folder / "checkpoint")
        command = [python, "-m", "harness.models", folder, "trained"]
        subprocess.run(command, check=True, cwd=PEERS, env=os.environ | {"OMP_NUM_THREADS": "1"})
        subprocess.run([albert, "quantize", folder / "checkpoint", "-o", folder / "albert-int8.albert"], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_dir_argument(parser)
    shared = Path(os.environ.get("ALBERT_MODELS", REPOSITORY.parent / "shared" / "models"))
    parser.add_argument("--checkpoint", type=Path, default=shared / "clinc-intents", help="default: %(default)s")
    parser.add_argument("--model", choices=MODELS, action="append", help="one of these models (default: clinc-intents)")
    parser.add_argument("--threads", type=int, action="append", help="default: 1")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--burst", type=float, default=2.0, help="seconds for each engine in a round (default: %(default)s)")
    parser.add_argument("--update", action="store_true", help="both models on one thread and on two, and writes docs/benchmarks.md")
    options = parser.parse_args()
    layout = Layout(options.dir)
    prepare(layout, options.checkpoint)
    models = list(MODELS) if options.update else options.model or ["clinc-intents"]
    threads = [1, 2] if options.update else options.threads or [1]
    load = os.getloadavg()[0]
    texts = options.checkpoint / "eval.jsonl"
    results = {}
    for model, count in itertools.product(models, threads):
        print(f"{model}, {count} threads", file=sys.stderr, flush=True)
        results[model, count] = measure(layout, layout.models(f"texts-{model}"), texts, count, options)
    text = text_of(results, options.rounds)
    text = f"{blocks.today()}, {blocks.processor()}. " + (f"Other programs were running (load {load:.1f}). " if load > BUSY_LOAD else "") + text_head() + text
    print(text)
    if options.update:
        blocks.write("docs/benchmarks.md", "texts", text)


def text_head() -> str:
    return "In brackets: how many times as fast the first row is, the median over rounds.\n\n"


if __name__ == "__main__":
    main()
