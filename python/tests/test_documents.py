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

MODULES = ["albert_edge", "albert_edge.model", "albert_edge.pipelines"]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CONFORMANCE)
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0 and result.failed == 0


def test_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All Python of docs/python.md, from top to bottom in one folder; what it shows is compared."""
    for model in [*CONFORMANCE.glob("*.albert"), *(REPOSITORY / "models").glob("*.albert")]:
        shutil.copy(model, tmp_path)
    shutil.copytree(FIXTURES / "trained" / "snips-slots", tmp_path / "checkpoint")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALBERT_EDGE_CACHE", str(tmp_path / "cache"))
    page = (REPOSITORY / "docs" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```pycon\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 8
    with contextlib.redirect_stderr(io.StringIO()):
        test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "docs/python.md", "docs/python.md", 0)
        result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(test)
    assert result.attempted > 20 and result.failed == 0
