"""`python -m recurra` and the `recurra` command.

Not here: commands (cli/).
"""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from recurra.cli.start import run

    run()


if __name__ == "__main__":
    main()
