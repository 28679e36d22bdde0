"""`python -m recurra`, and where the command `recurra` begins.

Not here: commands (cli/).
"""

from recurra.cli.console import main

if __name__ == "__main__":
    main()
