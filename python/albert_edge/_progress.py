"""Progress by tqdm, where it is installed."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Generator
from typing import Any


def _tqdm() -> Any | None:
    try:
        return importlib.import_module("tqdm.auto").tqdm
    except ImportError:
        return None


@contextlib.contextmanager
def downloads() -> Generator[Callable[[str, int, int | None], None] | None, None, None]:
    """A function that shows how far the download of each file is; `None` without tqdm."""
    tqdm = _tqdm()
    if tqdm is None:
        yield None
        return
    bars: dict[str, Any] = {}

    def show(file: str, done: int, total: int | None) -> None:
        if file not in bars:
            bars[file] = tqdm(desc=file, total=total, unit="B", unit_scale=True)
        bars[file].update(done - bars[file].n)

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()


@contextlib.contextmanager
def rows(wanted: bool, total: int | None) -> Generator[Callable[[int], object], None, None]:
    """A function that adds a number of rows to those that are done."""
    tqdm = _tqdm() if wanted else None
    if tqdm is None:
        yield lambda _more: None
        return
    with tqdm(total=total, unit="rows") as bar:
        yield bar.update
