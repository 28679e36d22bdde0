"""`python -m recurra`, and where the command `recurra` begins.

Not here: commands (cli/).
"""

from functools import partial

from recurra.cli.console import run_app

# Named, not imported: what goes wrong while the commands are loaded is told in one line too.
main = partial(run_app, "recurra.cli.app")

if __name__ == "__main__":
    main()
