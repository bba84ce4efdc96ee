"""How commands speak to the user: one line on stderr, and an exit code."""

import sys
from typing import NoReturn


def fail(message: str, code: int = 2) -> NoReturn:
    """One line on stderr, and the exit code: 2 for what the user can mend, 1 for a run that went wrong."""
    print(f"curate: {one_line(message)}", file=sys.stderr)
    raise SystemExit(code)


def warn(warnings: list[str]) -> None:
    """One line on stderr for each warning."""
    for warning in warnings:
        print(f"curate: warning: {one_line(warning)}", file=sys.stderr)


def one_line(message: str) -> str:
    """One line of what can be printed, without credentials in addresses."""
    from filters.credentials import masked

    line = masked(" ".join(str(message).split()))
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in line)
