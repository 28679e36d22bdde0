"""How many threads the engine takes: affinity, quotas of containers as files tell them, torch's number, a fit's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from recurra.engine import processors
from recurra.engine.processors import engine_threads, one_blas_thread, quota, threads

QUOTA, PERIOD = "cpu.cfs_quota_us", "cpu.cfs_period_us"


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/", {"cpu.max": "max 100000\n"}, None),
        ("0::/", {}, None),
        ("0::/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "200000 100000"}, 2.0),
        ("0::/a/b", {"a/b/cpu.max": "400000 100000", "cpu.max": "50000 100000"}, 0.5),
        ("0::/docker/of/the/host", {"cpu.max": "300000 100000"}, 3.0),
        ("0::/../../beside", {"beside/cpu.max": "100000 100000"}, 1.0),
        ("0::/", {"unified/cpu.max": "100000 50000"}, 2.0),
        ("4:cpu,cpuacct:/a\n0::/", {f"cpu,cpuacct/a/{QUOTA}": "250000", f"cpu,cpuacct/a/{PERIOD}": "100000"}, 2.5),
        ("1:cpu:/", {f"cpu/{QUOTA}": "-1\n", f"cpu/{PERIOD}": "100000\n"}, None),
        ("1:cpu:/pod", {f"cpu/{QUOTA}": "100000", f"cpu/{PERIOD}": "50000"}, 2.0),
        ("3:cpuset:/", {"cpuset/cpu.max": "100000 100000"}, None),
        ("0::/", {"cpu.max": "what 100000"}, None),
        ("0::/", {"cpu.max": "100000 0"}, None),
        ("0::/", {"cpu.max": ""}, None),
        ("no group at all\n\n", {"cpu.max": "100000 100000"}, None),
    ],
)  # fmt: skip
def test_control_groups_tell_how_many_processors_they_leave(
    groups: str, files: dict[str, str], expected: float | None, tmp_path: Path
) -> None:
    assert quota(groups, written(tmp_path, files)) == expected


@pytest.fixture
def unbound(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Neither a quota nor the variable bounds; eight processors are allowed."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(processors, "_quota_here", lambda: None)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    return monkeypatch


@pytest.mark.parametrize(("bound", "expected"), [(0.2, 1), (1.0, 1), (1.5, 2), (4.0, 4), (64.0, 8)])
def test_a_quota_bounds_the_processors_and_a_begun_one_counts(
    bound: float, expected: int, unbound: pytest.MonkeyPatch
) -> None:
    unbound.setattr(processors, "_quota_here", lambda: bound)
    assert processors.processors() == expected


@pytest.mark.parametrize(("told", "expected"), [("3", 3), ("4,2", 4), ("99", 8), ("0", 8), ("many", 8), ("", 8)])
def test_without_torch_the_variable_bounds_the_threads(told: str, expected: int, unbound: pytest.MonkeyPatch) -> None:
    unbound.setenv("OMP_NUM_THREADS", told)
    unbound.delitem(sys.modules, "torch")
    assert threads() == expected


def test_affinity_bounds_the_processors(unbound: pytest.MonkeyPatch) -> None:
    unbound.setattr(os, "sched_getaffinity", lambda _: {5}, raising=False)
    assert processors.processors() == 1


@pytest.mark.parametrize(("told", "expected"), [(1, 1), (3, 3), (8, 4), (9, 9)])
def test_torchs_number_counts_within_the_quota_unless_it_is_more_than_the_machine_has(
    told: int, expected: int, unbound: pytest.MonkeyPatch
) -> None:
    unbound.setattr(processors, "_quota_here", lambda: 4.0)
    unbound.setattr(torch, "get_num_threads", lambda: told)
    assert threads() == expected


def test_a_fit_may_choose_the_engines_number_whatever_torch_is_told(unbound: pytest.MonkeyPatch) -> None:
    unbound.setattr(torch, "get_num_threads", lambda: 1)
    with engine_threads(6):
        assert threads() == 6
    assert threads() == 1


def test_products_take_one_thread_while_any_block_asks_for_it() -> None:
    def told() -> list[int]:
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    with threadpool_limits(2, user_api="blas"):
        before = told()
        first, second = one_blas_thread(), one_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        # The first to come is not the last to go, where two threads fit.
        assert {*told()} == {1}
        second.__exit__(None, None, None)
        assert told() == before
