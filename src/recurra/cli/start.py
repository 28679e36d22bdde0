"""How a command starts and ends: signals, broken pipes, and errors as one line with their exit code.

Not here: the commands (app.py).
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any, NoReturn

from recurra.errors import RecurraError, advising_options, printable


def run() -> NoReturn:
    """Run the command line and leave with its exit code: 0 done, 1 failed, 2 usage, 3 data, 4 artefact, 5 gate missed.

    Interrupted by SIGINT it is 130, by SIGTERM 143. A traceback is shown only with `--debug`, or RECURRA_DEBUG=1.
    """
    signal.signal(signal.SIGTERM, _terminated)
    if "--debug" in sys.argv:
        sys.argv.remove("--debug")
        os.environ["RECURRA_DEBUG"] = "1"
    debug = os.environ.get("RECURRA_DEBUG", "") not in ("", "0")
    try:
        with advising_options():
            sys.exit(_app())
    except RecurraError as problem:
        _fail(f"recurra: {problem}", problem.exit_code, problem if debug else None)
    except KeyboardInterrupt:
        _fail("recurra: interrupted", 130, None)
    except _Terminated:
        _fail("recurra: terminated", 143, None)
    except BrokenPipeError:
        # The reader of our output went away (`recurra … | head`): not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as problem:
        if hasattr(problem, "format_message"):
            _fail(_usage(problem), 2, problem if debug else None)
        told = printable(f"{type(problem).__name__}: {problem}")
        _fail(f"recurra: unexpected {told}; run again with --debug and report it", 1, problem if debug else None)


def _app() -> int:
    """Read the command and run it; typer's own `main` would swallow interrupts and broken pipes."""
    import typer
    from typer.main import get_command

    from recurra.cli.app import app

    command = get_command(app)
    try:
        with command.make_context("recurra", sys.argv[1:]) as context:
            command.invoke(context)
    except typer.Exit as left:
        # --help and --version leave this way.
        return left.exit_code
    # A reader that has gone is noticed here, not when Python shuts down.
    sys.stdout.flush()
    return 0


def _usage(problem: Any) -> str:
    """Tell a mistake on the command line in one line; typer's own exceptions have moved from version to version."""
    path = problem.ctx.command_path if getattr(problem, "ctx", None) else "recurra"
    if type(problem).__name__ == "NoArgsIsHelpError":
        print(problem.format_message())
        return f"{path}: no command"
    told = problem.format_message().strip().rstrip(".").splitlines()
    return f"{path}: {printable('; '.join(told))}; `{path} --help` tells what there is"


def _fail(line: str, code: int, problem: BaseException | None) -> NoReturn:
    if problem is not None:
        raise problem
    print(line, file=sys.stderr)
    sys.exit(code)


class _Terminated(BaseException):
    """SIGTERM has come; what is open is closed on the way out, and nothing is printed from within the handler."""


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    raise _Terminated
