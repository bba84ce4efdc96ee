"""What an engine says of a failure, without what it quotes of documents."""

import os
import re

_MOST = 300  # characters of an engine's own words
# The last line of a traceback: the error's type, where it is a class of a module with its name, and its message.
_ERROR = re.compile(
    r"^(?P<type>(?:\w+\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Lost|File|Converged))(?:: (?P<said>.*))?$"
)
_FRAME = re.compile(r'^ *File "(?P<file>[^"\n]+)", line (?P<line>\d+), in ')
_OURS = ("pipelines.", "filters.")
_RUNNING = re.compile(r" \[while running .*$")
# What Python says of a file that the system refuses: a path, and nothing of a document.
_REFUSED = re.compile(r"^\[Errno (?P<errno>\d+)\] [^:'\n]+: '(?P<path>[^'\n]+)'")
_NOT_THERE = re.compile(r"(?:^|: )/[^:\n]*: No such file or directory$")
# Errors in an engine's own words; what follows their colon or stands in their brackets may quote anything.
_QUOTING = re.compile(r"(?:(?<=Error)|(?<=Exception))[:(].*")


def reason_in(text: str, own_words: bool) -> str:
    """The reason in what an engine says of a failed job; "" where there is none.

    Errors of this project are told as they are, for they never quote documents. Of others the type and the place in
    the code are told, and of a file that cannot be opened its path.

    own_words  whether the text is the engine's, and not an error of a worker itself: without a traceback its first line
               is then told, up to the message of an error
    """
    lines = [line.strip("\r") for line in text.replace("\\n", "\n").splitlines()]
    place, found = "", ""
    for line in lines:
        frame = _FRAME.match(line)
        if frame:
            place = f"{frame['file'].rpartition('/')[2]}:{frame['line']}"
            continue
        error = _ERROR.match(line)
        if error and place:
            found = _told(error["type"], error["said"] or "", place)
            break  # the first is the cause; what comes after is how Beam and the engine wrap it
    if found:
        return found + ("; do its workers see this path?" if _NOT_THERE.search(found) else "")
    if not own_words or "Traceback" in text:
        return ""
    return _QUOTING.sub("", next((line.strip() for line in lines if line.strip()), ""))[:_MOST]


def _told(kind: str, said: str, place: str) -> str:
    if kind.startswith(_OURS):
        return _RUNNING.sub("", said) or kind
    refused = _REFUSED.match(said)
    if refused:
        return f"{refused['path']}: {os.strerror(int(refused['errno']))}"
    return f"{kind.rpartition('.')[2]} at {place}"
