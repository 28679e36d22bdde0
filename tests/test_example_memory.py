"""examples/policies/memory.py: a policy learns with resets within a sweep, and acts alike in a pool of sessions.

Not here: resets (test_nn_episodes.py), chunks (test_nn_truncated.py), pools (test_session.py).
"""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import torch

FILE = Path(__file__).parents[1] / "examples" / "policies" / "memory.py"


def test_a_policy_remembers_the_cue_and_acts_in_a_pool_as_in_torch(tmp_path: Path) -> None:
    spec = spec_from_file_location("memory", FILE)
    assert spec and spec.loader
    memory = module_from_spec(spec)
    spec.loader.exec_module(memory)
    memory.STEPS, threads = 1200, torch.get_num_threads()
    torch.set_num_threads(1)
    policy, unseen = memory.trained(), memory.corridors(200, seed=1)
    torch.set_num_threads(threads)
    acted = memory.played(memory.artefact(policy, tmp_path), unseen)
    with torch.no_grad():
        scores, _ = policy(unseen.seen, reset=unseen.starts)
    # Two scores that are equal to rounding may be told apart either way; here none are.
    assert float((scores[..., 0] - scores[..., 1]).abs().min()) > 1e-5
    assert np.array_equal(acted, scores.argmax(dim=2).numpy())
    right = (acted == unseen.cues.numpy())[unseen.ends.numpy()]
    assert right.size > 1000 and right.mean() > 0.99
