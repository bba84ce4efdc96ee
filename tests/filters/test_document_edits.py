"""What rewriters count becomes plain numbers, which records can hold."""

import json

import numpy as np

from filters.document import Document


def test_edits_are_plain_numbers():
    changed = Document("a", "text").with_text("tex", {"cut": np.int64(1), "none": np.int32(0)})
    assert json.dumps(dict(changed.edits)) == '{"cut": 1}'
