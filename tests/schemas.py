"""The JSON Schemas that ship: python -m tests.schemas writes them again, after settings of strategies changed."""

import json

from curate.recipe import CONFIGS
from curate.schema import SCHEMAS

FILES = {kind: CONFIGS / "schema" / f"{kind}.json" for kind in SCHEMAS}


def text_of(kind: str) -> str:
    """What a schema's file should hold."""
    return json.dumps(SCHEMAS[kind](), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for kind, path in FILES.items():
        path.write_text(text_of(kind), encoding="utf-8")
