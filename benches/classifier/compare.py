"""`albert fit` beside scikit-learn's LogisticRegression on the same features of CLINC150, in turns; writes the table of
`docs/own-classifier.md`.

python benches/classifier/compare.py FOLDER [--encoder NAME=FILE]... [--data DIR] [--sizes 5,10,20,50]

FOLDER keeps features and draws. Needs scikit-learn and `cargo build --release -p albert-fit --example draws`.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/own-classifier.md"
MARK = "<!-- figures: benches/classifier/compare.py -->"

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--encoder", action="append", required=True, help="NAME=FILE")
parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared/data/clinc150")
parser.add_argument("--sizes", default="5,10,20,50")
arguments = parser.parse_args()


def lines(*command):
    output = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def accuracy(rows):
    values = [100 * row["accuracy"] for row in rows]
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"


def seconds(rows):
    return statistics.median(row["seconds"] for row in rows)


def figures():
    yield "| encoder | sentences a label | `albert fit`, % | scikit-learn, % | difference | `albert fit`, s | scikit-learn, s | ratio |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for encoder in arguments.encoder:
        name, file = encoder.split("=", 1)
        folder = arguments.folder / name
        for size in arguments.sizes.split(","):
            program = ROOT / "target/release/examples/draws"
            ours = lines(program, file, arguments.data / "train.jsonl", arguments.data / "val.jsonl", folder, size)
            theirs = lines(sys.executable, ROOT / "benches/classifier/sklearn_draws.py", folder, "--sizes", size)
            difference = 100 * statistics.mean(a["accuracy"] - b["accuracy"] for a, b in zip(ours, theirs))
            ratio = statistics.median(b["seconds"] / a["seconds"] for a, b in zip(ours, theirs))
            yield (
                f"| {name} | {size} | {accuracy(ours)} | {accuracy(theirs)} | {difference:+.2f} "
                f"| {seconds(ours):.2f} | {seconds(theirs):.2f} | {ratio:.1f} |"
            )


def write(table):
    """Between the marks."""
    text = DOCUMENT.read_text()
    before, _, after = text.split(MARK)
    DOCUMENT.write_text(f"{before}{MARK}\n{table}\n{MARK}{after}")


rows = []
for row in figures():
    print(row, flush=True)
    rows.append(row)
write("\n".join(rows))
