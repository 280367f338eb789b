"""Measures what `docs/classifier-benchmarks.md` says, and with --update writes its tables.

    python benches/classifier/figures.py FOLDER [--shared DIR] [--only NAME]... [--timed-by COMMAND] [--update]

FOLDER keeps checkpoints, features and draws between runs. Needs `cargo build --release -p albert-edge-cli`,
`cargo build --release -p albert-fit --example draws`, `cargo build --release -p albert-quant --example flat_search`,
numpy, safetensors, scikit-learn and faiss-cpu; for `javascript` Node and `cargo xtask js`, which builds the package.
"""
import argparse
import pathlib

import command
import compare
import document
import javascript
import pruning
import search

TABLES = {
    "command": command.rows,
    "compare": compare.rows,
    "javascript": javascript.rows,
    "pruning-accuracy": pruning.accuracies,
    "pruning-fitted": pruning.fitted,
    "pruning-size": pruning.sizes,
    "pruning-encoder": pruning.encoders,
    "search": search.rows,
}

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--shared", type=pathlib.Path, default=document.ROOT.parent / "shared")
parser.add_argument("--only", action="append", choices=list(TABLES))
parser.add_argument("--timed-by", default="", help="what the timed programs run under, `taskset -c 0` for instance")
parser.add_argument("--update", action="store_true")
options = parser.parse_args()
options.folder.mkdir(parents=True, exist_ok=True)
for name in options.only or TABLES:
    table = []
    for row in TABLES[name](options):
        print(row, flush=True)
        table.append(row)
        # Row by row: some take long.
        if options.update:
            document.replace(name, table)
    print()
