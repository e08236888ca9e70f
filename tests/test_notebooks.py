"""The notebooks in `examples/`, run from the first cell to the last by a kernel of their own, as a reader would.

They are executed in a process of its own: the client of kernels leaves sockets and loops that are not ours to close.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NOTEBOOKS = sorted(path.name for path in EXAMPLES.glob("*.ipynb"))
MOST_BYTES = 250_000
"""Of a notebook with its outputs: a reader sees the figures, and the repository stays small."""

RUN = """
import json, sys
import nbformat
from nbclient import NotebookClient
book = nbformat.read(sys.argv[1], as_version=4)
for cell in book.cells:
    cell.pop("outputs", None) if cell.cell_type != "code" else cell.update(outputs=[], execution_count=None)
NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": sys.argv[2]}}).execute()
nbformat.write(book, sys.argv[3])
"""

PROMISED = {
    "dose_for_every_unit.ipynb": [
        r"seen: -0\.\d+ points of score for each mg more",
        r"largest error: \d\.\de-1[0-9] points",
        r"changes nothing, not by one bit: True",
        r"as it was +61\.",
        r"1\. abduction: .*\n(.*\n)*.*2\. action: dose=.*\n(.*\n)*.*3\. prediction",
    ],
    "partial_evidence.ipynb": [
        r"worn, given alarm and stop      0\.87[0-9]",
        r"finding: exact; rung 3",
        r"heat would be  62\.50, above 70 with probability 0\.000   given .*worn=True",
        r"together 0\.40\d, as a product 0\.4[56]\d",
        r"with a new bearing 0\.20\d\d of them stop",
        r"counted 0\.\d+, asked 0\.\d+ ±",
    ],
}


def outputs(book: Any) -> list[Any]:
    return [output for cell in book["cells"] for output in cell.get("outputs", ())]


def told(book: Any) -> str:
    return "".join("".join(o["text"]) for o in outputs(book) if o["output_type"] == "stream" and o["name"] == "stdout")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_keeps_its_promises(name: str, tmp_path: Path) -> None:
    done = tmp_path / name
    run = subprocess.run(
        [sys.executable, "-c", RUN, str(EXAMPLES / name), str(tmp_path), str(done)],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=EXAMPLES.parent,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    book = json.loads(done.read_text(encoding="utf-8"))
    assert not [o for o in outputs(book) if o["output_type"] == "error" or o.get("name") == "stderr"]
    for promise in PROMISED[name]:
        assert re.search(promise, told(book)), f"{promise}\n{told(book)}"
    assert any("image/png" in o.get("data", {}) for o in outputs(book))


def test_every_notebook_has_its_promises() -> None:
    assert sorted(PROMISED) == NOTEBOOKS


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_stored_as_it_ran(name: str) -> None:
    """With small outputs, from one run from top to bottom, and nothing of the machine that it ran on."""
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    assert len(text) < MOST_BYTES
    assert str(EXAMPLES.parent) not in text
    assert "/home/" not in text
    book = json.loads(text)
    counts = [cell["execution_count"] for cell in book["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    for promise in PROMISED[name]:
        assert re.search(promise, told(book))
    assert set(book["metadata"]) == {"kernelspec", "language_info"}
