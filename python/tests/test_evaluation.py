"""``evaluate``: figures against scikit-learn, SciPy and seqeval on the predictions, and data in its usual forms."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import CLASSIFIER, CONFORMANCE, FIXTURES, shared

from albert_edge import AlbertError, Model, compare, evaluate, quantize, verify_checkpoint

TEXTS = ["the river runs north of Paris", "the sea", "Paris", "who lives in London", "Anna", "the old bridge", "north", "the sea and Paris"]
LABELS = ["bad", "so-so", "good"]
ROWS = [{"text": text, "label": LABELS[row % 3]} for row, text in enumerate(TEXTS)]


def predictions(model: Path, rows: Any, folder: Path, **options: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    file = folder / "predictions.jsonl"
    figures = evaluate(model, rows, predictions=file, **options)
    return figures, [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_labels_against_scikit_learn(tmp_path: Path) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    figures, rows = predictions(CLASSIFIER, ROWS, tmp_path)
    truth, answers = [row["label"] for row in rows], [row["answer"] for row in rows]
    assert figures["accuracy"] == pytest.approx(metrics.accuracy_score(truth, answers), abs=1e-12)
    for average in ("macro", "weighted"):
        expected = metrics.f1_score(truth, answers, average=average, zero_division=0)
        assert figures[f"{average}_f1"] == pytest.approx(expected, abs=1e-12)
    assert figures["confusion_matrix"] == metrics.confusion_matrix(truth, answers, labels=LABELS).tolist()


def test_similarities_against_scipy(tmp_path: Path) -> None:
    stats = pytest.importorskip("scipy.stats")
    rows = [{"sentence1": TEXTS[0], "sentence2": text, "score": float(row % 4)} for row, text in enumerate(TEXTS)]
    figures, found = predictions(CONFORMANCE / "encoder.albert", rows, tmp_path)
    values = [row["label"] for row in found], [row["value"] for row in found]
    assert figures["spearman"] == pytest.approx(stats.spearmanr(*values).statistic, abs=1e-12)
    assert figures["pearson"] == pytest.approx(stats.pearsonr(*values).statistic, abs=1e-12)
    vectors = Model(CONFORMANCE / "encoder.albert").encode(TEXTS, normalize=True)
    assert values[1] == pytest.approx((vectors @ vectors[0]).tolist(), abs=1e-5)


def test_tags_against_seqeval(tmp_path: Path) -> None:
    metrics = pytest.importorskip("seqeval.metrics")
    model = CONFORMANCE / "token-classification.albert"
    labels = Model(model).labels
    rows = [{"tokens": text.split(), "ner_tags": [len(word) % len(labels) for word in text.split()]} for text in TEXTS]
    figures, found = predictions(model, rows, tmp_path)
    tags, answers = [row["tags"] for row in found], [row["answers"] for row in found]
    assert tags[0] == [labels[index] for index in rows[0]["ner_tags"]]
    assert figures["f1"] == pytest.approx(metrics.f1_score(tags, answers, zero_division=0), abs=1e-12)
    assert figures["accuracy"] == pytest.approx(metrics.accuracy_score(tags, answers), abs=1e-12)


def test_answers(tmp_path: Path) -> None:
    context = "Anna lives in London near the old bridge"
    rows = [{"question": "who", "context": context, "answers": {"text": [text], "answer_start": [0]}} for text in ("Anna", "the bridge")]
    figures, found = predictions(CONFORMANCE / "question-answering.albert", rows, tmp_path)
    assert 0 <= figures["exact_match"] <= figures["f1"] <= 1 and found[1]["answers"] == ["the bridge"]


def forms() -> list[tuple[str, Callable[[Path], Any]]]:
    def file(name: str, separator: str) -> Callable[[Path], Any]:
        def write(folder: Path) -> Path:
            rows = "".join(f"{row['text']}{separator}{row['label']}\n" for row in ROWS)
            (folder / name).write_text(f"sentence{separator}label\n{rows}")
            return folder / name

        return write

    return [
        ("csv", file("rows.csv", ",")),
        ("tsv", file("rows.tsv", "\t")),
        ("generator", lambda _folder: (row for row in ROWS)),
        ("numpy", lambda _folder: [{"text": np.str_(row["text"]), "label": np.int64(LABELS.index(row["label"]))} for row in ROWS]),
    ]


@pytest.mark.parametrize(("name", "form"), forms())
def test_forms_of_data(name: str, form: Callable[[Path], Any], tmp_path: Path) -> None:
    assert evaluate(CLASSIFIER, form(tmp_path)) == evaluate(CLASSIFIER, ROWS)


def test_tables(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    # The data's own numbers, and their names as the hub's files have them.
    names = ["good", "bad", "so-so"]
    features = {"label": {"names": names, "_type": "ClassLabel"}, "sentence": {"dtype": "string", "_type": "Value"}}
    schema = {"huggingface": json.dumps({"info": {"features": features}})}
    columns = {"sentence": TEXTS, "label": [names.index(row["label"]) for row in ROWS]}
    table = arrow.table(columns).replace_schema_metadata(schema)
    parquet.write_table(table, tmp_path / "rows.parquet")
    expected = evaluate(CLASSIFIER, ROWS)
    assert evaluate(CLASSIFIER, tmp_path / "rows.parquet") == expected
    assert evaluate(CLASSIFIER, table) == expected
    pandas = pytest.importorskip("pandas")
    assert evaluate(CLASSIFIER, pandas.DataFrame(columns), labels=names) == expected


def test_other_names_and_what_is_refused(tmp_path: Path) -> None:
    rows = [{"body": row["text"], "class": row["label"].upper()} for row in ROWS]
    columns = {"text_column": "body", "label_column": "class"}
    named = {label.upper(): label for label in LABELS}
    assert evaluate(CLASSIFIER, rows, labels=named, **columns) == evaluate(CLASSIFIER, ROWS)
    with pytest.raises(AlbertError, match="no label"):
        evaluate(CLASSIFIER, rows, **columns)
    if importlib.util.find_spec("pyarrow") is None:
        with pytest.raises(AlbertError, match="pip install pyarrow"):
            evaluate(CLASSIFIER, tmp_path / "rows.parquet")


def test_pages_and_comparisons(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert "Reliability" in (evaluate(CLASSIFIER, ROWS, report=page)._repr_html_() or "")
    report = compare(CLASSIFIER, CLASSIFIER, data=ROWS)
    assert report["accuracy"]["reference"] == report["accuracy"]["model"] == evaluate(CLASSIFIER, ROWS)["accuracy"]


def test_verify_checkpoint_without_torch() -> None:
    if importlib.util.find_spec("torch") is not None:
        pytest.skip("torch is installed")
    with pytest.raises(AlbertError, match="torch"):
        verify_checkpoint(FIXTURES / "sequence-classification-narrow", CLASSIFIER)


HEADS = [
    "model-narrow",
    "sequence-classification-narrow",
    "token-classification-groups",
    "question-answering-square",
    "multiple-choice-narrow",
    "masked-lm-untied",
    "pre-training-groups",
]


@pytest.mark.extra
@pytest.mark.parametrize("name", HEADS)
def test_verify_checkpoint(name: str, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    pytest.importorskip("torch")
    quantize(FIXTURES / name, tmp_path / "model.albert", weights="fp32")
    report = verify_checkpoint(FIXTURES / name, tmp_path / "model.albert")
    assert report["passed"] and report["rows"] == 24
    assert all(output["max_abs"] < 1e-5 for output in report["outputs"].values())


@pytest.mark.extra
def test_verify_tokens(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    pytest.importorskip("torch")
    folder = shared("models/snips-slots")
    quantize(folder, tmp_path / "model.albert")
    report = verify_checkpoint(folder, tmp_path / "model.albert")
    assert report["passed"] and report["tokenization"]["same"] == report["tokenization"]["texts"] > 50
    assert not verify_checkpoint(folder, tmp_path / "model.albert", max_abs=1e-12)["passed"]
