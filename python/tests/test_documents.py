"""What the documentation shows is what happens."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import re
import shutil
from pathlib import Path

import pytest
from support import CONFORMANCE, FIXTURES, REPOSITORY

MODULES = ["albert_edge", "albert_edge.model", "albert_edge.pipelines", "albert_edge.prototypes"]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CONFORMANCE)
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0 and result.failed == 0


def run(page: Path) -> doctest.TestResults:
    """Runs all Python of a page from top to bottom, and compares what it shows."""
    blocks = re.findall(r"^```pycon\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    with contextlib.redirect_stderr(io.StringIO()):
        # A fence behind a result would be a part of it.
        test = doctest.DocTestParser().get_doctest("\n\n".join(blocks), {}, page.name, page.name, 0)
        return doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(test)


def test_readme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    result = run(REPOSITORY / "README.md")
    assert result.attempted == 3 and result.failed == 0


def test_package_readme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY / "models")
    result = run(REPOSITORY / "python" / "README.md")
    assert result.attempted == 3 and result.failed == 0


def test_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/python.md, in one folder."""
    for model in [*CONFORMANCE.glob("*.albert"), *(REPOSITORY / "models").glob("*.albert")]:
        shutil.copy(model, tmp_path)
    shutil.copytree(FIXTURES / "trained" / "snips-slots", tmp_path / "checkpoint")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALBERT_EDGE_CACHE", str(tmp_path / "cache"))
    result = run(REPOSITORY / "docs" / "python.md")
    assert result.attempted > 20 and result.failed == 0
