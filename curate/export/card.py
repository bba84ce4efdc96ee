"""A dataset card and Croissant metadata for a finished run, written beside its tables."""

import json
import os
from collections.abc import Mapping
from typing import Any

import jinja2
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from curate.arguments import given_path
from curate.export.export import finished
from curate.rundir import UsageError
from pipelines import storage

_CONTENTS = {
    "kept": "The documents that passed every stage.",
    "dropped": "The documents that a rule removed, with stage, rule, value and threshold; without their text.",
    "failed": "The records that could not be processed, with the reason.",
}
_CROISSANT_TYPES = {"string": "sc:Text", "int64": "sc:Integer", "double": "sc:Float", "bool": "sc:Boolean"}


def write_card(run: str | os.PathLike[str]) -> list[str]:
    """Write README.md (a Hugging Face dataset card) and croissant.json into a finished run's directory.

    With the card, load_dataset(DIRECTORY) reads the tables that have rows. Returns the paths. Raises UsageError if the
    run is not finished or does not add up, or if one of the files exists with other content: somebody wrote it, or
    edited it.
    """
    root = given_path(run, "run").rstrip("/") or "/"
    result = finished(root)
    tables = {name: count for name in _CONTENTS if (count := _rows(root, name))}
    schemas = {name: _schema(root, name) for name in tables}
    languages = _languages(root)
    files = {
        "README.md": card(result, tables, languages),
        "croissant.json": json.dumps(croissant(result, schemas), indent=2) + "\n",
    }
    written = {storage.join(root, name): text.encode() for name, text in files.items()}
    for path, data in written.items():
        if storage.exists(path) and storage.read_bytes(path) != data:
            raise UsageError(
                f"{path}: exists with other content, which would be lost: move or delete it, then run this again"
            )
    for path, data in written.items():
        storage.write_bytes(path, data)
    return list(written)


def card(result: Mapping[str, Any], tables: Mapping[str, int], languages: Mapping[str, int]) -> str:
    """The text of README.md. tables: rows of each table that has any; languages: kept rows by language."""
    recipe = result["recipe"]
    head: dict[str, Any] = {"pretty_name": recipe["name"], "license": "unknown"}
    known = sorted(code for code in languages if 2 <= len(code) <= 3 and code.isascii() and code.isalpha())
    if known:
        head["language"] = known
    head["configs"] = [
        {"config_name": name, "data_files": f"{name}/*.parquet", **({"default": True} if name == "kept" else {})}
        for name in tables
    ]
    template = jinja2.Environment(
        loader=jinja2.PackageLoader("curate.export"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown
    ).get_template("card.md")
    return template.render(
        result,
        head=_yaml(head),
        filled=_yaml(recipe),
        tables=tables,
        contents=_CONTENTS,
        languages=sorted(languages.items(), key=lambda item: (-item[1], item[0])),
    )


def _yaml(data: Any) -> str:
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    return text.rstrip()


def croissant(result: Mapping[str, Any], tables: Mapping[str, pa.Schema]) -> dict[str, Any]:
    """Croissant 1.0 metadata (JSON-LD): one file set and one record set for each table that has rows."""
    recipe = result["recipe"]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": recipe["name"],
        "description": f"{recipe.get('description') or recipe['name']} ({result['kept']} documents kept)",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": "unknown",
        "version": "1.0.0",
        "identifier": result["fingerprint"],
        "distribution": [
            {
                "@type": "cr:FileSet",
                "@id": f"{name}-files",
                "name": f"{name}-files",
                "description": _CONTENTS[name],
                "encodingFormat": "application/x-parquet",
                "includes": f"{name}/*.parquet",
            }
            for name in tables
        ],
        "recordSet": [_record_set(name, schema) for name, schema in tables.items()],
    }


def _record_set(table: str, schema: pa.Schema) -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{table}/{field.name}",
            "name": field.name,
            "dataType": _CROISSANT_TYPES[str(field.type)],
            "source": {"fileSet": {"@id": f"{table}-files"}, "extract": {"column": field.name}},
        }
        for field in schema
        if str(field.type) in _CROISSANT_TYPES  # lists of structs (also_failed) have no type there
    ]
    return {"@type": "cr:RecordSet", "@id": table, "name": table, "description": _CONTENTS[table], "field": fields}


def _files(root: str, table: str) -> list[str]:
    return storage.files(storage.join(root, table), ".parquet")


def _rows(root: str, table: str) -> int:
    total = 0
    for path in _files(root, table):
        with storage.reading(path) as file:
            total += pq.ParquetFile(file).metadata.num_rows
    return total


def _schema(root: str, table: str) -> pa.Schema:
    with storage.reading(_files(root, table)[0]) as file:
        return pq.ParquetFile(file).schema_arrow


def _languages(root: str) -> dict[str, int]:
    """Kept rows by language; empty where no stage detected languages."""
    found: dict[str, int] = {}
    for path in _files(root, "kept"):
        with storage.reading(path) as file:
            column = pq.read_table(file, columns=["language"], page_checksum_verification=True)["language"]
        for entry in column.value_counts().to_pylist():
            found[entry["values"] or ""] = found.get(entry["values"] or "", 0) + entry["counts"]
    return found if set(found) != {""} else {}


# The context of the Croissant 1.0 format, which its specification asks to be given in full.
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
