"""How a command starts and ends, and how it talks: signals, errors as one line with an exit code, results on stdout.

Not here: the commands, of which nothing is known here (app.py imports what they print with), and what they tell.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from recurra.errors import RecurraError, advising_options, printable

UNWRITTEN = {getattr(errno, name, errno.ENOSPC) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO")}
"""What the system says where a disc is full, or gone."""


def run_app(home: str) -> NoReturn:
    """Run the commands of the module `home` and leave with the exit code.

    0 done, 1 failed, 2 usage, 3 data, 4 artefact, 5 gate missed.
    Interrupted by SIGINT it is 130, by SIGTERM 143. A traceback is shown only with `--debug`, or RECURRA_DEBUG=1.
    """
    # As an exception, so that `with` blocks and `finally` close what is open: checkpoints stay whole.
    signal.signal(signal.SIGTERM, _terminated)
    # Before typer sees it, so that it may stand anywhere; into the environment, for processes we start.
    if "--debug" in sys.argv:
        sys.argv.remove("--debug")
        os.environ["RECURRA_DEBUG"] = "1"
    debug = os.environ.get("RECURRA_DEBUG", "") not in ("", "0")
    _require_outputs()
    try:
        with advising_options():
            sys.exit(_run(home))
    except RecurraError as problem:
        _fail(f"recurra: {problem}", problem.exit_code, problem if debug else None)
    except KeyboardInterrupt:
        _fail("recurra: interrupted", 130, None)
    except _Terminated:
        _fail("recurra: terminated", 143, None)
    except BrokenPipeError:
        # The reader of our output went away (`recurra … | head`): not an error of ours.
        _let_go()
        sys.exit(0)
    except Exception as problem:
        # No file's name: it is our own output that the system does not take.
        if isinstance(problem, OSError) and problem.errno in UNWRITTEN and problem.filename is None:
            _let_go()
            _fail(f"recurra: the results cannot be written: {problem.strerror}", 1, problem if debug else None)
        # click's and typer's own errors; their classes were moved and copied between versions.
        if hasattr(problem, "format_message"):
            _fail(_usage_line(problem), 2, problem if debug else None)
        told = printable(f"{type(problem).__name__}: {problem}")
        _fail(f"recurra: unexpected {told}; run again with --debug and report it", 1, problem if debug else None)


def _require_outputs() -> None:
    """Leave where results have nowhere to go; where errors have not, they go nowhere rather than among the results."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    if sys.stdout is None:
        _fail("recurra: standard output is closed; send the results to /dev/null if nobody wants them", 1, None)


def _let_go() -> None:
    """What is left of our output goes nowhere, so that Python does not try again when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(home: str) -> int:
    """Read the command and run it; typer's own `main` would swallow interrupts and broken pipes."""
    import typer
    from typer.main import get_command

    command = get_command(import_module(home).app)
    try:
        with command.make_context("recurra", sys.argv[1:]) as context:
            command.invoke(context)
    except typer.Exit as left:
        # --help and --version leave this way.
        return left.exit_code
    # A reader that has gone is noticed here, not when Python shuts down.
    sys.stdout.flush()
    return 0


def _usage_line(problem: Any) -> str:
    """Tell a mistake on the command line in one line; typer's own exceptions have moved from version to version."""
    # Some errors come before there is a context.
    path = problem.ctx.command_path if getattr(problem, "ctx", None) else "recurra"
    # Its message is the whole help text: results, not an error.
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


def say(line: str) -> None:
    """Talk: one line on stderr."""
    print(printable(line), file=sys.stderr, flush=True)


def say_warnings(lines: Sequence[str]) -> None:
    """Tell warnings on stderr."""
    for line in lines:
        say(f"warning: {line}")


def harmless(text: str) -> str:
    """Escape the control characters that could steer a terminal; line ends, tabs and every script stay."""
    from unicodedata import category

    # A language model may write an escape sequence that it has read.
    return "".join(repr(one)[1:-1] if category(one) == "Cc" and one not in "\n\t" else one for one in text)


def emit_json(record: Any) -> None:
    """Print one JSON object as a result; NaN would not be JSON and is refused by construction."""
    # Imported where it is needed: `--help` prints no JSON, and starts sooner without.
    import json

    print(json.dumps(record, allow_nan=False, ensure_ascii=False, default=_plain))


def emit_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a plain table whose columns line up."""
    # Cells become texts first; the widths follow from all of them.
    cells = [list(header), *([shown(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def shown(value: Any) -> str:
    """Write one value of a table: floats with four digits."""
    if isinstance(value, float):
        return f"{value:.4f}"
    return printable(str(value))


def _plain(value: Any) -> Any:
    # NumPy's scalars and arrays.
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)
