"""``fit``, head files and prototypes."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from support import CLASSIFIER, CONFORMANCE

from albert_edge import AlbertError, Model, Prototypes, evaluate, fit, pipeline

ENCODER = CONFORMANCE / "encoder.albert"
ROWS = [
    {"text": f"{start} {end}", "label": label}
    for label, starts in {"water": ("the river", "the sea"), "people": ("Anna", "who lives")}.items()
    for start in starts
    for end in ("in London", "near the old bridge", "runs north", "and Paris")
]


def test_fit_a_model(tmp_path: Path) -> None:
    model, page = tmp_path / "own.albert", tmp_path / "own.html"
    report = fit(ENCODER, ROWS, model, folds=2, report=page)
    assert report["examples"] == len(ROWS) and 0 <= report["accuracy"] <= 1
    assert report.page == page and page.exists()
    assert sorted(Model(model).labels) == ["people", "water"]
    assert evaluate(model, ROWS)["accuracy"] > 0.5


def test_fit_a_head(tmp_path: Path) -> None:
    data, head, whole = tmp_path / "rows.tsv", tmp_path / "own.head", tmp_path / "own.albert"
    data.write_text("text\tlabel\n" + "".join(f"{row['text']}\t{row['label']}\n" for row in ROWS))
    fit(ENCODER, data, head, head_only=True, folds=2)
    fit(ENCODER, data, whole, folds=2)
    assert head.stat().st_size < whole.stat().st_size / 10
    classify = pipeline("text-classification", ENCODER, head=head, top_k=2)
    texts = [row["text"] for row in ROWS]
    assert classify(texts) == pipeline("text-classification", whole, top_k=2)(texts)
    assert pickle.loads(pickle.dumps(classify))(texts) == classify(texts)
    model = Model(ENCODER, head=head)
    model.verify_checksum()
    assert model.head == head and Model(ENCODER).head is None
    assert (model.logits(texts) == Model(whole).logits(texts)).all()
    assert evaluate(ENCODER, ROWS, head=head) == evaluate(whole, ROWS)


def test_a_portable_fit_gives_the_recorded_bytes(tmp_path: Path) -> None:
    record = json.loads((CONFORMANCE.parent / "albert-fit/tests/data/portable.json").read_text())
    head = tmp_path / "own.head"
    fit(ENCODER, record["examples"], head, head_only=True, portable=True, **record["options"])
    assert head.read_bytes().hex() == record["head"]


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AlbertError, match="another encoder"):
        Model(CLASSIFIER, head=CONFORMANCE / "encoder.head")
    with pytest.raises(AlbertError, match="no head file"):
        Model(ENCODER, head=ENCODER)
    with pytest.raises(AlbertError, match="vocabulary-from is for checkpoints"):
        fit(ENCODER, ROWS, tmp_path / "own.albert", vocabulary_from=__file__)
    with pytest.raises(AlbertError, match="label"):
        fit(ENCODER, [{"text": "the sea"}], tmp_path / "own.albert")
    with pytest.raises(TypeError, match="head"):
        pipeline("text-classification", Model(ENCODER), head=CONFORMANCE / "encoder.head")


def test_prototypes() -> None:
    prototypes = Prototypes(3, 2)
    assert prototypes.nearest([1, 0]) is None
    prototypes.add(0, np.array([1.0, 0.1]))
    prototypes.add(2, [0, 5])
    assert (prototypes.nearest([0.3, 0.9]) or [None])[0] == 2
    copy = pickle.loads(pickle.dumps(prototypes))
    assert repr(copy) == "Prototypes(3, 2)" and copy.to_bytes() == prototypes.to_bytes()
    copy.forget(2)
    assert [copy.examples(label) for label in range(3)] == [1, 0, 0]
    assert (copy.nearest([0.3, 0.9]) or [None])[0] == 0
    for call, message in [
        (lambda: prototypes.add(3, [1, 0]), "below 3"),
        (lambda: prototypes.add(0, [1, 0, 0]), "2 elements"),
        (lambda: prototypes.nearest([0, 0]), "zero or not finite"),
        (lambda: Prototypes.from_bytes(b"APR1"), "stored bytes"),
        (lambda: Prototypes(2**40, 2**40), "memory"),
    ]:
        with pytest.raises(AlbertError, match=message):
            call()
