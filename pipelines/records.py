"""The Arrow schemas of all that is written."""

from collections.abc import Iterable, Mapping

import pyarrow as pa

from filters.dedup.survivors import DUP_COUNT
from filters.document import COLUMNS

_FAILED_RULE = pa.struct(
    [
        ("rule", pa.string()),
        ("value", pa.float64()),
        ("threshold", pa.float64()),
        ("value_name", pa.string()),
        ("threshold_name", pa.string()),
    ]
)

# value and threshold are numbers; a category (a language, say) stands in value_name and threshold_name instead.
# dup_count is the note, as in kept/, so that what is removed can be told by the size of clusters.
DROPPED = pa.schema(
    [
        ("id", pa.string()),
        ("url", pa.string()),
        ("source", pa.string()),
        ("offset", pa.int64()),
        ("stage", pa.string()),
        ("strategy", pa.string()),
        ("rule", pa.string()),
        ("value", pa.float64()),
        ("threshold", pa.float64()),
        ("value_name", pa.string()),
        ("threshold_name", pa.string()),
        ("also_failed", pa.list_(_FAILED_RULE)),
        ("kept_id", pa.string()),
        ("similarity", pa.float64()),
        ("matched", pa.string()),
        ("language", pa.string()),
        (DUP_COUNT, pa.int64()),
        ("bytes", pa.int64()),
    ]
)

DROPPED_WITH_TEXT = DROPPED.append(pa.field("text", pa.string()))

FAILED = pa.schema(
    [
        ("source", pa.string()),
        ("offset", pa.int64()),
        ("id", pa.string()),
        ("url", pa.string()),
        ("stage", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)

LEDGER = pa.schema([("source", pa.string()), ("offset", pa.int64())])

_KEPT = [(name, pa.int64() if name == "offset" else pa.string()) for name in COLUMNS]


def kept(notes: Mapping[str, str], carried: Iterable[str] = ()) -> pa.Schema:
    """The schema of kept/: the fixed columns, one for each carried field of the input, and one for each note
    that the recipe's stages write."""
    columns = dict(_KEPT) | dict.fromkeys(carried, pa.string())
    columns |= {name: pa.type_for_alias(kind) for name, kind in notes.items() if name not in columns}
    return pa.schema(list(columns.items()))
