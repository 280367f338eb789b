"""The examples for several worker processes, on a Parquet dataset."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import CLASSIFIER, REPOSITORY

from albert_edge import pipeline

EXAMPLES = REPOSITORY / "python" / "examples"
TEXTS = [f"the river runs north of Paris {number % 97}" for number in range(5000)]


@pytest.mark.extra
@pytest.mark.parametrize(("example", "engine"), [("ray_data.py", "ray"), ("dask_dataframe.py", "dask")])
def test_example(example: str, engine: str, tmp_path: Path) -> None:
    pytest.importorskip(engine)
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    source = tmp_path / "in"
    source.mkdir()
    for part in range(4):
        rows = list(range(part * 1250, (part + 1) * 1250))
        table = arrow.table({"row": rows, "text": [TEXTS[row] for row in rows]})
        parquet.write_table(table, source / f"{part}.parquet")
    target = tmp_path / "out"
    command = [sys.executable, str(EXAMPLES / example), str(CLASSIFIER), str(source), str(target), "2"]
    # Not here: worker processes would import the sources beside, which have no native part.
    subprocess.run(command, check=True, timeout=280, cwd=tmp_path)
    found = parquet.read_table(target).sort_by("row")
    assert found["row"].to_pylist() == list(range(5000))
    wanted = pipeline("text-classification", CLASSIFIER)(TEXTS)
    assert found["label"].to_pylist() == [row["label"] for row in wanted]
    assert found["score"].to_pylist() == [row["score"] for row in wanted]
