"""Classifies a Parquet dataset with Dask: `python dask_dataframe.py MODEL IN OUT [WORKERS]`.

Each worker process opens the model once. Processes on one machine share the pages of the file.
"""

from __future__ import annotations

import sys

import dask.dataframe as dd
import pandas as pd
from dask.distributed import Client, LocalCluster, Worker, WorkerPlugin, get_worker

from albert_edge import pipeline


class Classifier(WorkerPlugin):
    """Opens the model when a worker starts."""

    name = "classifier"

    def __init__(self, model: str) -> None:
        self.model = model

    def setup(self, worker: Worker) -> None:
        self.run = pipeline("text-classification", self.model, threads=1)


def classify(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the columns `label` and `score` to rows with a column `text`."""
    answers = get_worker().plugins["classifier"].run(rows["text"])
    return rows.assign(label=[row["label"] for row in answers], score=[row["score"] for row in answers])


def main(model: str, source: str, target: str, workers: int = 2) -> None:
    """Read the dataset `source`, and write it with labels to `target`."""
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.register_plugin(Classifier(model))
        rows = dd.read_parquet(source)
        columns = rows._meta.assign(label="", score=0.0)
        rows.map_partitions(classify, meta=columns).to_parquet(target, write_index=False)


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:5]))
