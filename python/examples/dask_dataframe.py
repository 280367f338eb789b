"""Classifies a Parquet dataset with Dask: `python dask_dataframe.py MODEL IN OUT [WORKERS]`.

A pipeline is pickled by the path of its model, so each worker process opens the model once for each partition, which takes
less than a millisecond; processes on one machine share the pages of the file.
"""

from __future__ import annotations

import sys

import dask.dataframe as dd
import pandas as pd
from dask.distributed import Client, LocalCluster

from albert_edge import Pipeline, pipeline


def classify(rows: pd.DataFrame, run: Pipeline) -> pd.DataFrame:
    """Add the columns `label` and `score` to rows with a column `text`."""
    answers = run(rows["text"])
    return rows.assign(label=[row["label"] for row in answers], score=[row["score"] for row in answers])


def main(model: str, source: str, target: str, workers: int = 2) -> None:
    """Read the dataset `source`, and write it with labels to `target`."""
    run = pipeline("text-classification", model, threads=1)
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        rows = dd.read_parquet(source)
        columns = rows._meta.assign(label="", score=0.0)
        rows.map_partitions(classify, run, meta=columns).to_parquet(target, write_index=False)


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:5]))
