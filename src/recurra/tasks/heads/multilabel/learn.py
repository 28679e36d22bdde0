"""How its net learns: as that of every head with a column for each target.

Not here: that way (targets/learn.py).
"""

from __future__ import annotations

from recurra.tasks.heads.targets.learn import learner

__all__ = ["learner"]
