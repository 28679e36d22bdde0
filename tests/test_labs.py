"""What all labs share: parts that are remembered, and what a lab is told of them."""

from contextlib import contextmanager

from recurra.labs.lab import LabOptions, remembered
from recurra.training.progress import Watch


@contextmanager
def silent(title):
    yield Watch()


def options_for(folder, *, seeds=1):
    return LabOptions(quick=True, seeds=seeds, out=folder, watch=silent, say=lambda line: None)


def test_a_part_is_measured_again_only_when_its_choices_change(tmp_path):
    calls = []

    def work():
        calls.append(1)
        return {"value": len(calls)}

    options = options_for(tmp_path)
    assert remembered(options, "part", {"epochs": 1}, work) == {"value": 1}
    assert remembered(options, "part", {"epochs": 1}, work) == {"value": 1}
    assert remembered(options, "part", {"epochs": 2}, work) == {"value": 2}
