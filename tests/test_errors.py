"""Advice names what exists where the user stands: options at the command line, arguments in Python."""

from __future__ import annotations

from recurra.errors import advising_options, either


def test_advice_names_arguments_in_python_and_options_at_the_command_line() -> None:
    assert either("--sort", "sort=True") == "sort=True"
    with advising_options():
        assert either("--sort", "sort=True") == "--sort"
    assert either("--sort", "sort=True") == "sort=True"
