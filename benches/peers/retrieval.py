#!/usr/bin/env python3
"""What few bits cost a sentence encoder at its task: finding the nearest text, and saying how alike two texts are.

    python3 benches/peers/retrieval.py albert CHECKPOINT --clinc150 DIR [--gensim DIR] [--update]

`albert` is the program, CHECKPOINT a sentence-transformers directory, DIR what holds `train.jsonl` and `val.jsonl`, and the data that
gensim brings for its tests (`gensim/test/test_data`). Needs numpy. --update writes the table into docs/checkpoints.md.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import blocks  # noqa: E402

WEIGHTS = ("fp32", "int8", "mixed", "int4")
#: Neighbours of which the labels are counted.
NEAREST = 10
OUT_OF_SCOPE = "oos"


class Encoder:
    """A model file of some weights."""

    def __init__(self, albert: str, checkpoint: Path, weights: str, folder: Path):
        self.albert, self.folder = albert, folder
        self.model = folder / f"{weights}.albert"
        subprocess.run([albert, "quantize", checkpoint, "-o", self.model, "--weights", weights], check=True, stdout=subprocess.DEVNULL)

    def __call__(self, texts: list[str]) -> np.ndarray:
        """A row of length 1 for each text."""
        rows = self.folder / "texts.jsonl"
        rows.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        found = subprocess.run([self.albert, "run", self.model, "--task", "sentence-embedding", "--file", rows, "--json"], check=True, stdout=subprocess.PIPE).stdout
        vectors = np.array([json.loads(line)["embedding"] for line in found.splitlines()], np.float64)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def rows(file: Path) -> list[dict]:
    found = [json.loads(line) for line in file.read_text().splitlines()]
    return [row for row in found if row["label"] != OUT_OF_SCOPE]


def retrieval(encode: Encoder, folder: Path) -> list[float]:
    """How many texts have a nearest one of their label, and how many of the ten nearest have it."""
    index, queries = rows(folder / "train.jsonl"), rows(folder / "val.jsonl")
    scores = encode([row["text"] for row in queries]) @ encode([row["text"] for row in index]).T
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :NEAREST]
    labels = np.array([row["label"] for row in index])
    hits = labels[nearest] == np.array([row["label"] for row in queries])[:, None]
    return [100 * hits[:, 0].mean(), 100 * hits.mean()]


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0, those of equal values their mean."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[places]


def documents(encode: Encoder, folder: Path) -> float:
    """Spearman's coefficient with people's judgement of how alike each two of 50 news texts are (Lee, Pincombe and Welsh 2005)."""
    texts = (folder / "lee.cor").read_text(encoding="latin-1").splitlines()
    judged = np.array([line.split() for line in (folder / "similarities0-1.txt").read_text().splitlines()], float)
    assert judged.shape == (len(texts), len(texts)), judged.shape
    vectors = encode(texts)
    pairs = np.triu_indices(len(texts), 1)
    return np.corrcoef(ranks((vectors @ vectors.T)[pairs]), ranks(judged[pairs]))[0, 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("albert")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--clinc150", type=Path, required=True)
    parser.add_argument("--gensim", type=Path)
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    heads = ["weights", "nearest text has the label", f"of the {NEAREST} nearest have it"]
    heads += ["Lee's documents, Spearman"] if arguments.gensim else []
    table = ["| " + " | ".join(heads) + " |", "|---|" + "--:|" * (len(heads) - 1)]
    with tempfile.TemporaryDirectory() as folder:
        for weights in WEIGHTS:
            encode = Encoder(arguments.albert, arguments.checkpoint, weights, Path(folder))
            cells = [weights] + [f"{share:.2f} %" for share in retrieval(encode, arguments.clinc150)]
            cells += [f"{documents(encode, arguments.gensim):.4f}"] if arguments.gensim else []
            table.append("| " + " | ".join(cells) + " |")
            print(table[-1], file=sys.stderr, flush=True)
    print("\n".join(table))
    if arguments.update:
        blocks.write("docs/checkpoints.md", "retrieval", "\n".join(table))


if __name__ == "__main__":
    main()
