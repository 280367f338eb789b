#!/usr/bin/env python3
"""How close this library and other engines come to fp32 with few bits, on rows that nobody calibrated on.

Makes a virtual environment, every engine's model and ours from the same checkpoint, runs all on the same rows, and prints
one table a model; --update also writes them into docs/fidelity.md.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.layout import PEERS, REPOSITORY, add_dir_argument, blocks

WEIGHTS = ["int8", "mixed", "int4"]


@dataclass(frozen=True)
class Case:
    """A model, the rows that it is judged on, and those that it is calibrated on."""

    name: str
    #: Outputs of the original framework, if the rows are those of such a file; else labelled texts.
    reference: str | None
    #: JSON lines with `input_ids`, or a text with a line a row.
    calibration: str
    note: str


CASES = [
    Case(
        "plbert",
        "reference-more.safetensors",
        "tests/data/phonemes.jsonl",
        "last hidden state of each token of 40 rows, against the original framework",
    ),
    Case(
        "clinc-intents",
        None,
        "albert-quant/src/calibrate/text.txt",
        "logits of the 2,000 rows of its evaluation data, against ONNX Runtime in fp32",
    ),
]


def run(command: list, **options) -> None:
    print("+", *command, file=sys.stderr, flush=True)
    subprocess.run(command, check=True, stdout=sys.stderr, **options)


def read_json(command: list) -> dict:
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=REPOSITORY).stdout)


def environment(root: Path) -> Path:
    python = root / "fidelity-venv" / "bin" / "python"
    if not python.exists():
        run([sys.executable, "-m", "venv", root / "fidelity-venv"])
        run([python, "-m", "pip", "install", "--quiet", "-r", PEERS / "requirements-fidelity.txt"])
    return python


def program(given: Path | None) -> Path:
    if given:
        return given.resolve()
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    run(["cargo", "build", "--release", "--locked", "-p", "albert-edge-cli"], cwd=REPOSITORY)
    return target / "release" / "albert"


def ours(albert: Path, folder: Path, checkpoint: Path, case: Case, labels: list[int]) -> list[dict]:
    """Our rows of the table: `albert quantize`, then `albert validate` on the same rows."""
    results = []
    calibration = ["--calibration", REPOSITORY / case.calibration] if case.calibration.endswith(".jsonl") else []
    for weights in WEIGHTS:
        model = folder / f"{weights}.albert"
        run([albert, "quantize", checkpoint, "-o", model, "--weights", weights, *calibration])
        report = read_json([albert, "validate", model, "--reference", folder / "expected.safetensors", "--json"])
        (found,) = report["outputs"].values()
        if labels:
            data = checkpoint / "eval.jsonl"
            found["accuracy"] = read_json([albert, "eval", model, "--data", data, "--json"])["accuracy"]
        results.append({"engine": f"**this library, {weights}**"} | found)
    return results


def table(case: Case, results: list[dict]) -> str:
    ranked = "accuracy" in results[0]
    heads = ["engine", "vectors", "mean", "1 % quantile", "0.1 % quantile", "smallest"]
    heads += ["same label as fp32", "accuracy"] if ranked else []
    lines = [f"**{case.name}**: {case.note}.", ""]
    lines += ["| " + " | ".join(heads) + " |", "|---|" + "--:|" * (len(heads) - 1)]
    for row in results:
        cells = [row["engine"], f"{row['vectors']:,}", f"{row['cosine_mean']:.5f}"]
        cells += [f"{row[name]:.4f}" for name in ("cosine_p1", "cosine_p01", "cosine_min")]
        cells += [f"{100 * row[name]:.2f} %" for name in ("top1_agreement", "accuracy")] if ranked else []
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_dir_argument(parser)
    shared = os.environ.get("ALBERT_MODELS", REPOSITORY.parent / "shared" / "models")
    parser.add_argument("--models", type=Path, default=shared, help="checkpoints (default: %(default)s)")
    parser.add_argument("--model", default=",".join(case.name for case in CASES), help="which (default: %(default)s)")
    parser.add_argument("--albert", type=Path, help="the program, instead of building it")
    parser.add_argument("--update", action="store_true", help="write the tables into docs/fidelity.md")
    arguments = parser.parse_args()
    root = arguments.dir.resolve()
    root.mkdir(parents=True, exist_ok=True)
    python, albert = environment(root), program(arguments.albert)
    for case in CASES:
        if case.name not in arguments.model.split(","):
            continue
        checkpoint, folder = (arguments.models / case.name).resolve(), root / "fidelity" / case.name
        folder.mkdir(parents=True, exist_ok=True)
        variables = os.environ | {"OMP_NUM_THREADS": "1"}
        reference = ["--reference", checkpoint / case.reference] if case.reference else []
        inputs = [folder, checkpoint, REPOSITORY / case.calibration, *reference]
        run([python, "-m", "harness.rows", *inputs], cwd=PEERS, env=variables)
        run([python, "-m", "harness.closeness", folder, checkpoint, *reference], cwd=PEERS, env=variables)
        labels = json.loads((folder / "rows.json").read_text())["labels"]
        results = json.loads((folder / "peers.json").read_text()) + ours(albert, folder, checkpoint, case, labels)
        (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
        text = table(case, results)
        print(text + "\n", flush=True)
        if arguments.update:
            blocks.write("docs/fidelity.md", f"{case.name} and peers", text)


if __name__ == "__main__":
    main()
