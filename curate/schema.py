"""JSON Schema of recipes and ablations, generated from the strategies, so that editors complete and check them."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pydantic
from pydantic.json_schema import GenerateJsonSchema

from curate.recipe import CONFIGS, MOST_EXAMPLES, ZSTD_LONGS, Output
from filters import STRATEGIES
from filters.contracts import settings_of
from filters.loading import load
from pipelines.reading.fields import DOCUMENTS, LEAST_ROW_BYTES, MOST_ROW_BYTES, Fields

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NAME = {"type": "string", "minLength": 1, "maxLength": 64}
_PATHS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_OWN = {"type": "string", "pattern": r"^[^/]+[.:][^/]+$", "description": "a strategy of your own: module.Class"}


def line_for_editors(kind: str) -> str:
    """The comment that tells an editor where the schema of a recipe or an ablation is."""
    return f"# yaml-language-server: $schema={CONFIGS / 'schema' / kind}.json"


def recipe() -> dict[str, Any]:
    """The schema of a recipe's file."""
    return {"$schema": _DRAFT, "title": "A recipe of curate", **_recipe(), "$defs": _definitions()}


def ablation() -> dict[str, Any]:
    """The schema of an ablation's file; that of a recipe in it is recipe.json, beside."""
    settings = {"type": "object"}
    whole = {
        "type": "object",
        "additionalProperties": False,
        "required": ["recipe"],
        "properties": {
            "name": _NAME,
            "description": {"type": "string"},
            "recipe": {
                "anyOf": [
                    {"type": "string", "description": "a shipped recipe's name, or a path"},
                    {"$ref": "recipe.json"},
                ]
            },
            "input": _PATHS,
            "tokens": {"type": "string", "description": "words (UAX #29), or the path of a tokenizers JSON file"},
            "arms": {
                "type": "object",
                "description": "what an arm changes: {stage: off, another strategy, or settings}; recipe: NAME",
                "additionalProperties": {"type": "object"},
            },
            "leave_one_out": {"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "string"}}]},
            "grid": {"type": "object", "description": "STAGE.SETTING: values; every combination is an arm"},
            "sweeps": {"type": "object", "description": "STAGE.SETTING: values of a threshold, decided from scores"},
            "jointly": {"type": "boolean", "description": "run corpus rewriters again for what comes before them"},
            "slices": {"type": "array", "items": {"type": "string"}},
            "controls": {"type": "array", "items": {"type": "string"}},
            "gold": settings,
            "proxy": settings,
            "seeds": {"type": "integer", "minimum": 1},
            "samples": {"type": "integer", "minimum": 0},
        },
    }
    return {"$schema": _DRAFT, "title": "An ablation of curate", **whole}


class _Generator(GenerateJsonSchema):
    """Writes defaults as a recipe has them."""

    def encode_default(self, dft: Any) -> Any:
        return settings_of(dft)


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {"recipe": recipe, "ablation": ablation}


def _recipe() -> dict[str, Any]:
    strings = {"type": "string"}
    fields: dict[str, Any] = {
        field.name: {"type": "array", "items": strings} if field.name == "carry" else strings
        for field in dataclasses.fields(Fields)
    }
    fields["max_bytes"] = {"type": "integer", "minimum": LEAST_ROW_BYTES, "maximum": MOST_ROW_BYTES}
    output = {
        field.name: {"type": "boolean"} if isinstance(field.default, bool) else {"type": "integer", "minimum": 1}
        for field in dataclasses.fields(Output)
    }
    output["examples"] = {"type": "integer", "minimum": 0, "maximum": MOST_EXAMPLES}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["stages"],
        "properties": {
            "name": _NAME,
            "description": {"type": "string"},
            "input": _PATHS,
            "rows": {"type": "object", "additionalProperties": False, "properties": fields},
            "records": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": sorted(DOCUMENTS)}},
            "zstd_long": {"type": "integer", "minimum": ZSTD_LONGS[0], "maximum": ZSTD_LONGS[1]},
            "stages": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/stage"}},
            "output": {"type": "object", "additionalProperties": False, "properties": output},
        },
    }


def _definitions() -> dict[str, Any]:
    """The stage, and the settings of every strategy that ships."""
    found: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    names = []
    for name, where in STRATEGIES.items():
        cls = load(where)
        settings = pydantic.TypeAdapter(cls).json_schema(ref_template="#/$defs/{model}", schema_generator=_Generator)
        found.update(settings.pop("$defs", {}))
        settings.pop("title", None)
        settings["description"] = (cls.__doc__ or "").strip().partition("\n")[0]
        settings["properties"] = {**settings.get("properties", {}), "as": {"type": "string", "description": "its name"}}
        settings["additionalProperties"] = False
        if "judges" in settings["properties"]:  # a stage within a stage: a name alone will do there, too
            judges = settings["properties"]["judges"]
            judges["items"] = {"anyOf": [{"type": "string"}, judges["items"]]}
        properties[name] = {"anyOf": [settings, {"type": "null"}]}
        names.append({"const": name, "description": settings["description"]})
    own = {"type": ["object", "null"]}
    stage = {
        "anyOf": [
            {"anyOf": [*names, _OWN]},
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "properties": properties,
                "patternProperties": {_OWN["pattern"]: own},
                "additionalProperties": False,
            },
        ]
    }
    return {"stage": stage, **found}
