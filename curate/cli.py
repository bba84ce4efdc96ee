"""The entry point of the command line. What it needs of this project it imports when the paths are right."""

import errno
import io
import os
import sys
from typing import Any

import typer

from curate.commands.saying import fail
from curate.paths import append_working_directory, hidden


def main() -> None:
    """The entry point. Everything after -- is passed to Beam."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file's name on a terminal that is not UTF-8
    append_working_directory()
    if line := hidden():
        print(f"curate: {line}", file=sys.stderr)
        raise SystemExit(2)
    from curate.commands.application import app
    from curate.commands.running import beam_options

    arguments = sys.argv[1:]
    if "--" in arguments:
        cut = arguments.index("--")
        beam_options[:] = arguments[cut + 1 :]
        arguments = arguments[:cut]
    try:
        code = app(args=arguments, prog_name="curate", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except _WrongArguments as error:
        message = error.format_message().rstrip(".")
        context = getattr(error, "ctx", None)
        if message:  # else the help was shown
            fail(f"{message} (see {context.command_path if context else 'curate'} --help)")
        raise SystemExit(2) from None
    except typer.Abort:
        fail("interrupted", 130)
    except SystemExit as error:
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        _mute()
    except BrokenPipeError:
        _mute()
    except OSError as error:
        if error.filename is None and error.errno == errno.ENOSPC:  # it may be standard output that is full
            _mute()
        where = f"{error.filename}: " if error.filename is not None else ""
        fail(f"{where}{error.strerror or type(error).__name__}", 1)
    else:
        if code == 130:
            fail("interrupted", 130)
        raise SystemExit(code or 0)


# The base of what typer raises for wrong arguments; typer brings its own click, or uses the one that is installed.
_WrongArguments: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


def _mute() -> None:
    """Let nothing more go to standard output: who read it has read enough (curate strategies | head)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
