"""Every recorded case, to the bit."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import CONFORMANCE, conformance, same_bits

from albert_edge import Model, Prototypes, _native, pipeline

RECORDED = conformance()


def head_of(case: dict[str, Any]) -> Path | None:
    return CONFORMANCE / case["head"] if "head" in case else None


def opened(case: dict[str, Any]) -> Model:
    return Model(CONFORMANCE / case["model"], head=head_of(case))


def plain(value: Any) -> Any:
    """Arrays as lists."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("case", RECORDED["cases"], ids=lambda case: case["name"])
def test_native_response(case: dict[str, Any]) -> None:
    model = opened(case)
    native = _native.Pipeline(model._native, case["task"])
    assert same_bits(plain(native.run(case["request"], case["options"])), case["response"])
    assert same_bits(plain(native.run_batch([case["request"]] * 3, case["options"])[2]), case["response"])


def wanted(case: dict[str, Any]) -> Any:
    """The recorded response in the form of transformers.pipeline."""
    response = case["response"]
    match case["task"]:
        case "text-classification":
            return response if "top_k" in case["options"] else response[0]
        case "question-answering":
            return response[0] if len(response) == 1 else response
        case "feature-extraction":
            return [response["last_hidden_state"]]
        case "sentence-embedding":
            return response["embedding"]
        case "fill-mask" if "mask" in response[0]:
            count = response[-1]["mask"] + 1
            rows: list[Any] = [[] for _ in range(count)]
            for row in response:
                rows[row["mask"]].append({key: value for key, value in row.items() if key != "mask"})
            return rows
        case _:
            return response


@pytest.mark.parametrize("case", RECORDED["cases"], ids=lambda case: case["name"])
def test_pipeline(case: dict[str, Any]) -> None:
    run = pipeline(case["task"], CONFORMANCE / case["model"], head=head_of(case), **case["options"])
    assert same_bits(plain(run(case["request"])), wanted(case))
    assert [same_bits(plain(row), wanted(case)) for row in run([case["request"]] * 5, batch_size=2)] == [True] * 5
    # Options of the call in place of those of the pipeline.
    run = pipeline(case["task"], opened(case))
    assert same_bits(plain(run(case["request"], **case["options"])), wanted(case))


def crc(values: np.ndarray) -> str:
    return f"{zlib.crc32(np.ascontiguousarray(values, '<f4').tobytes()):08x}"


@pytest.mark.parametrize("run", RECORDED["runs"], ids=lambda run: f"{run['model']}, {run['text'][:8]}")
def test_numbers(run: dict[str, Any]) -> None:
    model = opened(run)
    encoded = model.tokenizer(run["text"], run.get("text_pair"))
    assert encoded["input_ids"] == run["input_ids"]
    assert encoded["token_type_ids"] == run["token_type_ids"]
    if "text_pair" in run:
        return
    assert crc(model.hidden_states(run["text"])) == run["last_hidden_state_crc32"]
    if "logits_crc32" in run:
        assert crc(model.logits(run["text"])) == run["logits_crc32"]
        assert model.logits(run["text"]).size == run["logits"]


@pytest.mark.parametrize("taught", RECORDED["prototypes"], ids=lambda taught: taught["text"])
def test_prototypes(taught: dict[str, Any]) -> None:
    model = opened(taught)
    prototypes = Prototypes(taught["labels"], len(model.encode("a")))
    for label, text in taught["examples"]:
        prototypes.add(label, model.encode(text))
    label, cosine = prototypes.nearest(model.encode(taught["text"])) or (None, None)
    assert same_bits({"label": label, "cosine": cosine}, taught["nearest"])
    assert f"{zlib.crc32(prototypes.to_bytes()):08x}" == taught["stored_crc32"]
