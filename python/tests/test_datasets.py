"""Data sets of the package `datasets`, in the ways in which pipelines are given them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from support import CLASSIFIER

from albert_edge import Model, Pipeline, evaluate, pipeline

TEXTS = [f"the river runs north of Paris {number}" for number in range(40)]


@pytest.fixture
def classify() -> Pipeline:
    return pipeline("text-classification", CLASSIFIER)


class KeyDataset:
    """That of transformers, without torch: indices and a length, and no iterator of its own."""

    def __init__(self, dataset: Any, key: str) -> None:
        self.dataset = dataset
        self.key = key

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[index][self.key]


def test_key_dataset_streams(classify: Pipeline) -> None:
    rows = [{"text": text} for text in TEXTS]
    found = classify(KeyDataset(rows, "text"), batch_size=8)
    assert isinstance(found, Iterator) and list(found) == classify(TEXTS)


@pytest.mark.extra
def test_columns_and_map(classify: Pipeline) -> None:
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_dict({"text": TEXTS, "label": [0, 1] * 20})
    wanted = classify(TEXTS)
    assert classify(data["text"]) == wanted
    assert list(classify(KeyDataset(data, "text"))) == wanted
    assert list(classify(row["text"] for row in data)) == wanted
    assert np.array_equal(Model(CLASSIFIER).logits(data["text"]), Model(CLASSIFIER).logits(TEXTS))

    def answers(rows: dict[str, Any]) -> dict[str, Any]:
        return {"answer": [row["label"] for row in classify(rows["text"])]}

    labels = [row["label"] for row in wanted]
    assert list(data.map(answers, batched=True, batch_size=16)["answer"]) == labels
    # Each process is handed the pipeline as the path of its model.
    assert list(data.map(answers, batched=True, batch_size=16, num_proc=2)["answer"]) == labels
    assert data.map(lambda row: classify(row["text"])[0])["label"] == labels


@pytest.mark.extra
def test_evaluation_takes_names_of_labels() -> None:
    datasets = pytest.importorskip("datasets")
    names = ["good", "bad", "so-so"]
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=names)})
    data = datasets.Dataset.from_dict({"text": TEXTS, "label": [number % 3 for number in range(40)]}, features=features)
    rows = [{"text": text, "label": names[number % 3]} for number, text in enumerate(TEXTS)]
    assert evaluate(CLASSIFIER, data) == evaluate(CLASSIFIER, rows)
