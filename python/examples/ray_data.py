"""Classifies a Parquet dataset with Ray Data: `python ray_data.py MODEL IN OUT [WORKERS]`.

Each worker process opens the model once. Processes on one machine share the pages of the file.
"""

from __future__ import annotations

import sys
from typing import Any

import pyarrow as pa
import ray

from albert_edge import pipeline


class Classify:
    """Adds the columns `label` and `score` to batches with a column `text`."""

    def __init__(self, model: str) -> None:
        self.run = pipeline("text-classification", model, threads=1)

    def __call__(self, batch: pa.Table) -> pa.Table:
        rows: list[dict[str, Any]] = self.run(batch["text"])
        batch = batch.append_column("label", pa.array([row["label"] for row in rows]))
        return batch.append_column("score", pa.array([row["score"] for row in rows], pa.float32()))


def main(model: str, source: str, target: str, workers: int = 2) -> None:
    """Read the dataset `source`, and write it with labels to `target`."""
    rows = ray.data.read_parquet(source)
    labelled = rows.map_batches(
        Classify,
        fn_constructor_args=(model,),
        batch_format="pyarrow",
        batch_size=1024,
        compute=ray.data.ActorPoolStrategy(size=workers),
        # Leaves a share of the cores to the tasks that read and write; with all of them taken, none would start.
        num_cpus=0.5,
    )
    labelled.write_parquet(target)


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:5]))
