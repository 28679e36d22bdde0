"""The guide to adding a cell in docs/architecture.md, followed to the letter: its file is put into a copy of the
package, and the cell is fitted, saved, loaded, asked and reported.

Not here: the cells that are there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from changed_package import SOURCE, Changed, changed_package
from recurra.datasets.known.synthetic import synthetic_reviews

PAGE = SOURCE.parents[1] / "docs" / "architecture.md"


def file_of_the_guide() -> tuple[str, str]:
    """Name and text of the one file that the guide tells to write."""
    told = re.search(r"## Adding a cell\n(.*?)\n## ", PAGE.read_text("utf-8"), re.DOTALL)
    assert told
    blocks = re.findall(r"```python\n# src/recurra/(\S+)\n(.*?)```", told[1], re.DOTALL)
    assert len(blocks) == 1
    name, text = blocks[0]
    return name, text


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    """The copy with the cell in it; one process for all tests, as torch is slow to load."""

    def add(package: Path) -> None:
        name, text = file_of_the_guide()
        assert not (package / name).exists()
        (package / name).write_text(text, "utf-8")

    with changed_package(tmp_path_factory.mktemp("src"), add) as made:
        yield made


def settings(*chosen: str) -> list[str]:
    return [part for setting in chosen for part in ("--set", setting)]


EQUAL = """
import numpy as np, torch, recurra
from recurra.batches import Ragged
from recurra.layers.recurrent.learn import Recurrent
from recurra.layers.recurrent.run import recurrent
from recurra.layers.recurrent.run import RecurrentSpec

spec = RecurrentSpec(cell="mgu", inputs=3, hidden=4, layers=2, bidirectional=True)
torch.manual_seed(0)
for dtype in (torch.float32, torch.float64):
    net = Recurrent(spec).to(dtype)
    values, offsets = torch.randn(9, 3, dtype=dtype), np.array([0, 4, 4, 9])
    learning, ends = net(Ragged(values, offsets))
    weights = {name: weight.detach().numpy() for name, weight in net.named_parameters()}
    running, last = recurrent(spec, weights, Ragged(values.numpy(), offsets))
    assert np.allclose(learning.values.detach(), running.values, atol=1e-6)
    assert all(np.allclose(a[0].detach(), b[0], atol=1e-6) for a, b in zip(ends, last))
values.requires_grad_()
assert torch.autograd.gradcheck(lambda values: net(Ragged(values, offsets))[0].values, values)
print(recurra.__file__)
"""


def test_the_cell_learns_as_it_answers_and_its_gradient_is_right(changed: Changed) -> None:
    assert changed.run(EQUAL).strip() == str(changed.source / "recurra" / "__init__.py")


def test_texts_are_fitted_saved_loaded_answered_and_reported(changed: Changed, tmp_path: Path) -> None:
    texts, labels = synthetic_reviews("train", count=60)
    rows, out = tmp_path / "rows.jsonl", tmp_path / "run"
    rows.write_text("".join(json.dumps({"text": a, "label": b}) + "\n" for a, b in zip(texts, labels, strict=True)))
    chosen = settings("hidden=6", "embedding_size=5", "min_count=1", "epochs=2", "adversarial=0")
    ask = ["predict", str(out), "--text", texts[0], "--json"]
    told = changed.commands(
        ["fit", "text", str(rows), "--cell", "mgu", *chosen, "--out", str(out), "--quiet"],
        ["evaluate", str(out), str(rows), "--json"],
        *([*ask, "--precision", precision] for precision in ("float32", "bf16", "int8")),
    )
    assert json.loads(told[1])["rows"] == 60
    assert len({json.loads(answer)["label"] for answer in told[2:]}) == 1
    page = (out / "report.html").read_text("utf-8")
    assert "An MGU" in page and "One step of the MGU" in page and "<mi>f</mi>" in page


LAB = """
from recurra.config import NetConfig
from recurra.labs.page import network_blocks
from recurra.nets.layouts import language_net

plan = language_net(NetConfig(cell="mgu", hidden=6, embedding_size=5), words=30)
print([type(block).__name__ for block in network_blocks(plan, [("output", "tied", "scores", "(1, 30)")])])
"""


def test_a_lab_page_shows_the_step_of_a_cell_that_nobody_has_drawn(changed: Changed) -> None:
    assert changed.run(LAB).strip() == "['Paragraph', 'Equation', 'Figure', 'Table']"


def test_series_and_next_words_take_the_cell_too(changed: Changed, tmp_path: Path) -> None:
    lines, series = tmp_path / "lines.txt", tmp_path / "series.csv"
    lines.write_text("".join(f"the {word} sees the sun .\n" for word in "abcdefgh" * 6))
    series.write_text("unique_id,ds,y\n" + "".join(f"a,{step},{step % 7}\n" for step in range(60)))
    words, values = str(tmp_path / "language"), str(tmp_path / "series")
    small = settings("hidden=6", "epochs=2")
    of_words = settings("embedding_size=5", "min_count=1", "streams=2")
    told = changed.commands(
        ["fit", "language", str(lines), "--cell", "mgu", *small, *of_words, "--out", words, "--quiet"],
        ["generate", words, "the a", "--seed", "1"],
        ["export", words, "--onnx", str(tmp_path / "words.onnx")],
        ["fit", "series", str(series), "--cell", "mgu", *small, "--horizon", "2", "--out", values, "--quiet"],
        ["forecast", values, str(series)],
    )
    assert all(told)
    for run_folder in (words, values):
        assert "One step of the MGU" in (Path(run_folder) / "report.html").read_text("utf-8")
