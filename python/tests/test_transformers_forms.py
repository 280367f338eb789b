"""Return values against what `transformers.pipeline` gave, recorded by `tests/fixtures/pipelines/generate.py` in fp32."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from support import CONFORMANCE, FIXTURES, close, shared

from albert_edge import Pipeline, pipeline, quantize

TASKS = [
    "text-classification",
    "zero-shot-classification",
    "token-classification",
    "question-answering",
    "fill-mask",
    "multiple-choice",
    "sentence-order",
    "feature-extraction",
]


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALBERT_EDGE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def options(arguments: list[str]) -> dict[str, Any]:
    """The command's arguments as keyword arguments."""
    values: dict[str, Any] = {}
    for argument in arguments:
        if argument.startswith("--"):
            name = argument.removeprefix("--").replace("-", "_")
            values[name] = True
        else:
            values[name] = {"true": True, "false": False}.get(argument, int(argument) if argument.isdigit() else argument)
    for name in ("candidate_labels", "targets"):
        if isinstance(values.get(name), str):
            values[name] = values[name].split(",")
    if isinstance(values.get("target"), str):
        values["targets"] = [values.pop("target")]
    return values


def checkpoint(folder: Path, case: dict[str, Any]) -> Path:
    """The case's checkpoint with its tokenizer."""
    source = FIXTURES / case["checkpoint"]
    config = json.loads((source / "config.json").read_text())
    config.update(case["config"])
    (folder / "config.json").write_text(json.dumps({key: value for key, value in config.items() if value is not None}))
    shutil.copy(source / "model.safetensors", folder)
    shutil.copy(FIXTURES / "pipelines" / f"{case['tokenizer']}.json", folder / "tokenizer.json")
    (folder / "tokenizer_config.json").write_text(json.dumps(case["tokenizer_config"]))
    return folder


def cases(task: str) -> list[dict[str, Any]]:
    return json.loads((FIXTURES / "pipelines" / f"{task}.json").read_text())


def as_returned(task: str, answer: Any) -> Any:
    """The recording has a list of results a row."""
    if task == "feature-extraction":
        return answer[0]
    if task == "fill-mask" and answer and isinstance(answer[0], list):
        return [{**row, "mask": mask} for mask, rows in enumerate(answer) for row in rows]
    return answer if isinstance(answer, list) else [answer]


@pytest.mark.parametrize(("task", "index"), [(task, index) for task in TASKS for index in range(len(cases(task)))])
def test_recorded_answers(task: str, index: int, tmp_path: Path) -> None:
    case = cases(task)[index]
    asked = options(case["arguments"])
    task = asked.pop("task", task)
    run = pipeline(task, checkpoint(tmp_path, case), weights="fp32", **asked)
    for number, (row, expected) in enumerate(zip(case["rows"], case["expected"], strict=True)):
        where = f"{task}, case {index}, row {number}"
        if task == "feature-extraction":
            close(run(row)[0], expected["last_hidden_state"], where)
            continue
        if task == "sentence-embedding":
            close(run(row).tolist(), expected["embedding"], where)
            continue
        expected = expected if isinstance(expected, list) else [expected]
        found = as_returned(task, run(row))
        assert len(found) == len(expected), f"{where}: {found} for {expected}"
        for one, other in zip(found, expected):
            # Some recordings leave fields out.
            close({name: one[name] for name in other}, other, where)


def open_task(task: str, **options: Any) -> Pipeline:
    names = {"zero-shot-classification": "inference", "reranking": "ranker", "feature-extraction": "encoder"}
    return pipeline(task, CONFORMANCE / f"{names.get(task, task)}.albert", **options)


def test_nesting_of_text_classification() -> None:
    run = open_task("text-classification")
    one = run("the sea")
    assert isinstance(one, list) and list(one[0]) == ["label", "score"] and isinstance(one[0]["score"], float)
    assert run(["the sea"]) == one
    assert run({"text": "the sea"}) == one[0]
    assert run("the sea", top_k=1) == one
    assert len(run("the sea", top_k=None)) == 3
    assert [len(rows) for rows in run(["the sea", "Paris"], top_k=2)] == [2, 2]
    # As transformers does: options of the constructor do not count for the outer list.
    assert open_task("text-classification", top_k=2)("the sea") == [run("the sea", top_k=2)]
    pair = {"text": "the sea", "text_pair": "Paris"}
    assert run([pair, pair]) == [run(pair)] * 2
    assert run([[["the sea", "Paris"]]]) == [run(pair)]


def test_nesting_of_zero_shot_classification() -> None:
    run = open_task("zero-shot-classification")
    one = run("the sea", candidate_labels=["river", "city"])
    assert list(one) == ["sequence", "labels", "scores"] and one["sequence"] == "the sea"
    assert run("the sea", candidate_labels="river, city") == one
    assert run("the sea", ["river", "city"]) == one
    assert run(["the sea"], candidate_labels=["river", "city"]) == [one]
    assert open_task("zero-shot-classification", candidate_labels=["river", "city"])("the sea") == one


def test_nesting_of_token_classification() -> None:
    run = open_task("token-classification")
    one = run("the river runs north of Paris")
    assert list(one[0]) == ["entity", "score", "index", "word", "start", "end"]
    assert run(["the river runs north of Paris"]) == [one]
    groups = run("the river runs north of Paris", aggregation_strategy="simple")
    assert list(groups[0]) == ["entity_group", "score", "word", "start", "end"]
    dropped = groups[0]["entity_group"]
    rest = run("the river runs north of Paris", aggregation_strategy="simple", ignore_labels=["O", dropped])
    assert rest == [group for group in groups if group["entity_group"] != dropped]


def test_nesting_of_question_answering() -> None:
    run = open_task("question-answering")
    request = {"question": "who", "context": "Anna lives in London"}
    one = run(request)
    assert list(one) == ["score", "start", "end", "answer"]
    assert run(**request) == one and run([request]) == one and run("who", "Anna lives in London") == one
    assert run([request, request]) == [one, one]
    assert run(question=["who", "who"], context="Anna lives in London") == [one, one]
    assert len(run(request, top_k=3)) == 3


def test_nesting_of_fill_mask() -> None:
    run = open_task("fill-mask")
    one = run("the [MASK] runs")
    assert [list(row) for row in one] == [["score", "token", "token_str", "sequence"]] * 5
    assert run(["the [MASK] runs"]) == one
    two = run("the [MASK] runs [MASK]")
    assert [len(rows) for rows in two] == [5, 5]
    assert run(["the [MASK] runs"] * 2) == [one, one]
    assert len(run("the [MASK] runs", targets="sea")) == 1


def test_nesting_of_feature_extraction() -> None:
    run = open_task("feature-extraction")
    one = run("the sea")
    assert len(one) == 1 and len(one[0]) == 4 and isinstance(one[0][0][0], float)
    assert run(["the sea", "Paris"])[0] == one
    array = run("the sea", return_tensors=True)
    assert array.shape == (1, 4, len(one[0][0])) and array.tolist() == one


def test_trained_checkpoint(tmp_path: Path) -> None:
    """Answers of trained models for real texts."""
    folder = shared("models/clinc-intents")
    quantize(folder, tmp_path / "model.albert", weights="fp32")
    run = pipeline(model=tmp_path / "model.albert")
    expected = [json.loads(line) for line in (FIXTURES / "pipelines" / "clinc-intents.jsonl").read_text().splitlines()]
    rows = [json.loads(line) for line in (folder / "eval.jsonl").read_text().splitlines()][: len(expected)]
    for found, wanted in zip(run([row["text"] for row in rows], top_k=3), expected, strict=True):
        close([[row["label"], row["score"]] for row in found], wanted, "clinc-intents")
