"""The commands of docs/dataflow.md."""

import shlex

from tests.engines import runners

NAMES = {
    "PROJECT": "my-project",
    "REPOSITORY": "repository",
    "BUCKET": "bucket",
    "SUBNET": "s",
    "NETWORK": "n",
    "IMAGE": "image",
}


def commands() -> list[list[str]]:
    """Every command that runs curate, as words, with names in the place of the page's."""
    page = (runners.ROOT / "docs" / "dataflow.md").read_text(encoding="utf-8")
    found = []
    for block in page.split("```")[1::2]:
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:2] == ["curate", "run"]:
                found.append([_named(word) for word in words if word != "…"])
    return found


def options(command: list[str]) -> list[str]:
    """What a command passes to Beam."""
    return command[command.index("--") + 1 :]


def _named(word: str) -> str:
    for name, value in NAMES.items():
        word = word.replace(name, value)
    return word
