"""What each task takes and gives, in the forms of ``transformers.pipeline``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from . import _native

Request: TypeAlias = "str | dict[str, Any]"
Options: TypeAlias = dict[str, Any]

#: More results than there are.
_ALL = 2**31 - 1
#: Other names of tasks.
_ALIASES = {"sentiment-analysis": "text-classification", "ner": "token-classification"}


# No dataclass: the module of those takes longer to import than this package.
class Task(NamedTuple):
    """How a task's arguments and results look.

    Attributes
    ----------
    fields
        Fields of a request that may be given as keyword arguments beside the text.
    present
        The result of a request, from the native one and the options.
    wraps_text
        Whether the result of a single text, and not of a dictionary, comes in a list, with these arguments of the call.
    unwraps_one
        Whether a list of one input has the result of that input.
    """

    fields: tuple[str, ...]
    present: Callable[[Any, Options], Any]
    wraps_text: Callable[[Options], bool] = lambda _call: False
    unwraps_one: bool = False


def _labels(response: Any, options: Options) -> Any:
    return response if "top_k" in options else response[0]


def _wraps(call: Options) -> bool:
    return "top_k" not in call


def _entities(response: Any, options: Options) -> Any:
    ignored = set(options.get("ignore_labels", ["O"]))
    return [row for row in response if row.get("entity", row.get("entity_group")) not in ignored]


def _answers(response: Any, _options: Options) -> Any:
    return response[0] if len(response) == 1 else response


def _fillings(response: Any, _options: Options) -> Any:
    masks: dict[int, list[Any]] = {}
    for row in response:
        if "mask" not in row:
            return response
        masks.setdefault(row.pop("mask"), []).append(row)
    return list(masks.values()) or response


def _features(response: Any, options: Options) -> Any:
    states = response["last_hidden_state"]
    return states[None] if options.get("return_tensors") else [states.tolist()]


def _embedding(response: Any, _options: Options) -> Any:
    return response["embedding"]


def _as_it_is(response: Any, _options: Options) -> Any:
    return response


TASKS = {
    "text-classification": Task(("text_pair",), _labels, wraps_text=_wraps),
    "zero-shot-classification": Task(("candidate_labels",), _as_it_is),
    "token-classification": Task((), _entities),
    "question-answering": Task(("question", "context"), _answers, unwraps_one=True),
    "fill-mask": Task(("targets",), _fillings, unwraps_one=True),
    "feature-extraction": Task(("text_pair",), _features),
    "sentence-embedding": Task((), _embedding),
    "sentence-order": Task(("text_pair",), _as_it_is),
    "multiple-choice": Task(("choices",), _as_it_is),
    "reranking": Task(("documents",), _as_it_is),
}


def task_name(name: str) -> str:
    """The name that a task has here."""
    return _ALIASES.get(name, name)


def native_options(task: str, options: Options) -> Options:
    """Options as the native part takes them."""
    native = {key: value for key, value in options.items() if key not in ("ignore_labels", "return_tensors", "padding")}
    for nested in ("tokenizer_kwargs", "tokenize_kwargs"):
        native.update(native.pop(nested, None) or {})
        native.pop("padding", None)
    if "top_k" in native and native["top_k"] is None:
        native["top_k"] = _ALL
    truncation = native.get("truncation")
    if isinstance(truncation, bool):
        native["truncation"] = "longest_first" if truncation else "do_not_truncate"
    if task == "text-classification" and "top_k" not in native:
        native["top_k"] = 1
    if task == "token-classification" and "O" not in options.get("ignore_labels", ["O"]):
        raise _native.AlbertError("ignore_labels without 'O' is not supported: tokens outside of entities are not computed")
    return native


def request(task: str, row: Any, fields: dict[str, Any]) -> Request:
    """A row with the fields that the call adds."""
    if task == "text-classification" and isinstance(row, list):
        row = _legacy_pair(row)  # pyright: ignore[reportUnknownArgumentType]
    if not isinstance(row, (str, dict)):
        raise _native.AlbertError(f"expected a text or a dictionary, not {type(row).__name__}")
    if not fields:
        return row  # pyright: ignore[reportUnknownVariableType]
    whole: dict[str, Any] = {"text": row} if isinstance(row, str) else dict(row)  # pyright: ignore[reportUnknownArgumentType]
    return {**whole, **fields}


def _legacy_pair(row: list[Any]) -> dict[str, Any]:
    """``[[text, pair]]``, the old way to give a pair."""
    match row:
        case [[str(text), str(pair)]]:
            return {"text": text, "text_pair": pair}
        case _:
            raise _native.AlbertError('a pair is given as {"text": ..., "text_pair": ...}')


def listed(name: str, value: Any) -> Any:
    """The values of a field that holds several; labels may be one text with commas."""
    if name == "candidate_labels" and isinstance(value, str):
        return [label.strip() for label in value.split(",") if label.strip()]
    if name == "targets" and isinstance(value, str):
        return [value]
    return list(value) if name in ("candidate_labels", "targets", "choices", "documents") else value


def questions(question: Any, context: Any) -> Any:
    """Requests of questions and contexts, either of which may be a list."""
    if isinstance(question, str) and isinstance(context, str):
        return {"question": question, "context": context}
    if isinstance(question, str):
        question = [question] * len(context)
    if isinstance(context, str):
        context = [context] * len(question)
    if len(question) != len(context):
        raise _native.AlbertError(f"{len(question)} questions for {len(context)} contexts")
    return [{"question": one, "context": other} for one, other in zip(question, context, strict=True)]
