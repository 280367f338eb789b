"""scikit-learn's LogisticRegression on the features and draws that `albert-fit`'s example `draws` wrote.

python sklearn_draws.py FOLDER [--pooling Mean] [--normalize]     one JSON line a draw
"""
import argparse
import json
import pathlib
import time

import numpy as np
from sklearn.linear_model import LogisticRegression

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--pooling", default="Mean")
parser.add_argument("--normalize", action="store_true", help="rows of length 1, as sentence embeddings are")
parser.add_argument("--C", type=float, default=1.0)
parser.add_argument("--sizes", default="5,10,20,50")
parser.add_argument("--draws", type=int, default=5)
arguments = parser.parse_args()
folder = arguments.folder


def load(name):
    values = np.load(folder / f"{name}-{arguments.pooling}.npy").astype(np.float64)
    if arguments.normalize:
        values /= np.linalg.norm(values, axis=1, keepdims=True)
    return values, np.array((folder / f"{name}.txt").read_text().split("\n"))


train, labels = load("train")
test, truth = load("test")
for size in map(int, arguments.sizes.split(",")):
    for seed in range(arguments.draws):
        rows = np.loadtxt(folder / f"draw-{size}-{seed}.txt", dtype=int)
        start = time.perf_counter()
        model = LogisticRegression(C=arguments.C, max_iter=5000).fit(train[rows], labels[rows])
        seconds = time.perf_counter() - start
        accuracy = float((model.predict(test) == truth).mean())
        print(json.dumps({"size": size, "seed": seed, "accuracy": accuracy, "seconds": seconds, "iterations": int(model.n_iter_[0])}), flush=True)
