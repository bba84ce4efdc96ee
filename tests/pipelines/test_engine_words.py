"""What is told of an engine's failure: a reason, and nothing that a document may have said."""

import pytest

from pipelines.engine_words import reason_in

TRACEBACK = 'Traceback (most recent call last):\n  File "/somewhere/step.py", line 3, in process\n    go()\n'
CAUSES = [
    ("ValueError: a secret", "ValueError at step.py:3"),
    ("apache_beam.io.filesystem.BeamIOError: a secret\nand another line", "BeamIOError at step.py:3"),
    ("pipelines.blame.PoolError: unit u ended its worker [while running 'run']", "unit u ended its worker"),
    (
        "FileNotFoundError: [Errno 2] No such file or directory: '/in/a.warc'",
        "/in/a.warc: No such file or directory; do its workers see this path?",
    ),
    (
        "FileNotFoundError: [Errno 2] No such file or directory: 'gs://in/a.warc'",
        "gs://in/a.warc: No such file or directory",
    ),
    ("PermissionError: [Errno 13] Permission denied: '/in/a.warc'", "/in/a.warc: Permission denied"),
]


@pytest.mark.parametrize("own_words", [True, False])
@pytest.mark.parametrize(("cause", "told"), CAUSES)
def test_the_first_error_of_a_traceback_is_told(cause: str, told: str, own_words: bool) -> None:
    wrapped = f"{TRACEBACK}{cause}\n\nDuring handling of it:\n{TRACEBACK}RuntimeError: a secret\n"
    assert reason_in(wrapped, own_words) == told
    assert reason_in(wrapped.replace("\n", "\\n"), own_words) == told  # as some engines pass it on


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("\nno workers could be started\na secret", "no workers could be started"),
        ("bundle 5 failed: ValueError: a secret", "bundle 5 failed: ValueError"),
        ("bundle 5 failed: ValueError('a secret')", "bundle 5 failed: ValueError"),
        ("java.lang.RuntimeException: a secret", "java.lang.RuntimeException"),
        (f"{'x' * 400}", "x" * 300),
        ("Traceback without a place: a secret", ""),
        ("", ""),
    ],
)
def test_of_an_engines_own_words_the_first_line_is_told_up_to_a_message(said: str, told: str) -> None:
    assert reason_in(said, own_words=True) == told
    assert reason_in(said, own_words=False) == ""
