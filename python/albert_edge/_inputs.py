"""What callers give: texts, lists and arrays of them, streams."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from . import _native

#: Seconds after which a chunk of a stream is run with the rows that there are.
_PATIENCE = 0.02


def is_text(value: object) -> bool:
    """Whether this is a single text."""
    return isinstance(value, str)


def as_list(value: object) -> list[Any] | None:
    """The rows of a list or another sequence, or of an array of Arrow, NumPy or pandas; `None` for anything else."""
    if isinstance(value, Sequence):
        return list(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    for name in ("to_pylist", "tolist"):
        convert = getattr(value, name, None)
        if convert is not None:
            rows: list[Any] = convert()
            return rows
    return None


def texts_of(value: str | Iterable[str]) -> list[str]:
    """The texts of an argument."""
    if isinstance(value, str):
        return [value]
    found = as_list(value)
    rows: list[Any] = list(value) if found is None else found
    for index, row in enumerate(rows):
        if not isinstance(row, str):
            raise _native.AlbertError(f"row {index}: expected a text, not {type(row).__name__}")
    return rows


def truncation_name(value: bool | str | None) -> str | None:
    """The strategy's name; `None` for its default."""
    if isinstance(value, bool):
        return "longest_first" if value else "do_not_truncate"
    return value


def chunks(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Rows of a list by `size`."""
    rows = iter(rows)
    while chunk := list(islice(rows, size)):
        yield chunk


def prompt_chunks(rows: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """Rows of a stream by `size`, or fewer when the stream is slow."""
    chunk: list[Any] = []
    started = time.monotonic()
    for row in rows:
        chunk.append(row)
        if len(chunk) >= size or time.monotonic() - started >= _PATIENCE:
            yield chunk
            chunk = []
            started = time.monotonic()
    if chunk:
        yield chunk
