"""The notebook of the examples, from its first cell to its last."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import REPOSITORY, shared

NOTEBOOK = REPOSITORY / "python" / "examples" / "checkpoint_to_model.ipynb"


def test_notebook(tmp_path: Path) -> None:
    client = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("matplotlib")
    (tmp_path / "clinc-intents").symlink_to(shared("models/clinc-intents"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    # An error in a cell is raised here.
    client.NotebookClient(notebook, timeout=250, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [output["data"] for output in outputs if "data" in output]
    assert sum("image/png" in data for data in shown) == 3
    pages = [data["text/html"] for data in shown if "text/html" in data]
    assert len(pages) == 2 and all(page.startswith("<iframe srcdoc=") for page in pages)
    assert "Which answers change" in pages[0] and "Reliability" in pages[1]
    assert "play_music" in str(shown)


def test_notebook_is_stored_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
