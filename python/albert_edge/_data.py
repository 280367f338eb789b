"""Labelled rows of files, Arrow tables, data frames and data sets, as a file that the command reads."""

from __future__ import annotations

import importlib
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias, cast

from . import _native

#: What holds rows: a path, dictionaries, ``pyarrow.Table``, ``pandas.DataFrame`` or ``datasets.Dataset``.
Data: TypeAlias = "str | os.PathLike[str] | Iterable[dict[str, Any]] | Any"

#: Columns whose numbers may stand for names.
_LABELS = ("label", "labels", "ner_tags", "tags")


@contextmanager
def row_file(data: Data) -> Generator[tuple[Path, list[str]], None, None]:
    """A file of the rows, and the names that their label numbers stand for, when the data says so."""
    if isinstance(data, (str, os.PathLike)):
        path = Path(cast("str | os.PathLike[str]", data))
        if path.suffix.lower() not in (".parquet", ".pq"):
            yield path, []
            return
        data = _parquet(path)
    import json
    import tempfile

    names = _names(data)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        with file.open("w", encoding="utf-8") as lines:
            for row in _rows(data):
                lines.write(json.dumps(row, default=_plain) + "\n")
        yield file, names


def _parquet(path: Path) -> Any:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise _native.AlbertError(f"{path}: Parquet files are read by pyarrow, which is not installed: pip install pyarrow") from None
    try:
        return parquet.read_table(path)
    except (OSError, ValueError) as error:
        raise _native.AlbertError(f"{path}: {error}") from None


def _rows(data: Any) -> Iterator[Any]:
    if hasattr(data, "to_batches"):
        for batch in data.to_batches():
            yield from batch.to_pylist()
    elif hasattr(data, "iterrows"):
        yield from data.to_dict("records")
    else:
        yield from data


def _plain(value: Any) -> Any:
    """Numbers and arrays of NumPy, and whatever else says what it is in Python's own types."""
    if hasattr(value, "tolist"):
        return value.tolist()
    # Of no use for an evaluation, such as a date.
    return str(value)


def _names(data: Any) -> list[str]:
    """Names of labels: of a data set's features, or of those that a file of the hub keeps in its schema."""
    features: Any = getattr(data, "features", None)
    metadata: dict[bytes, bytes] = getattr(getattr(data, "schema", None), "metadata", None) or {}
    if features is None and b"huggingface" in metadata:
        import json

        features = json.loads(metadata[b"huggingface"]).get("info", {}).get("features")
    for column in _LABELS:
        feature: Any = _get(features, column)
        # The tags of words are a list of labels.
        for one in (feature, _get(feature, "feature")):
            names: list[str] = _get(one, "names") or []
            if names and not any("," in name or "=" in name for name in names):
                return list(names)
    return []


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
