"""Text from the outside made fit to be shown: nothing hidden, nothing endless."""

import re
from typing import Any

MOST = 400  # characters

# Characters that would turn the page around, hide text, or cannot be in a page: they are shown by their code.
_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)


def shown(text: Any, most: int = MOST) -> str:
    """A text of at most so many characters, with control, format and bidirectional characters as code points."""
    whole = str(text)
    cut = whole if len(whole) <= most else f"{whole[:most]}… ({len(whole):,} characters)"
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", cut)
