"""Personal data by patterns: one pass of RE2, then check digits, number plans and words nearby."""

import bisect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from filters.contracts import FrozenMap, Rewriter, SettingsError, strategy
from filters.document import Document, Drop
from filters.pii.actions import Action, Replacer, key_check, read_key
from filters.pii.recognisers import KINDS, Kind
from filters.pii.scrub import Scrubber, Span


@strategy
class Patterns(Rewriter):
    """Finds personal data by patterns and check digits: e-mail, phone, IP, cards, national numbers (Korean too)."""

    reads: ClassVar[tuple[str, ...]] = ("language",)
    conceals: ClassVar[bool] = True
    writes: ClassVar[Mapping[str, str]] = {f"pii_{kind}": "int64" for kind in KINDS}

    types: tuple[Kind, ...] = Field(default=KINDS, min_length=1, description="the kinds of personal data to find")
    action: Action = Field(
        default="replace",
        description="replace by <TYPE>, pseudonymise (synthetic values), hash (keyed), or drop documents with many",
    )
    drop_above: int = Field(
        default=5,
        ge=0,
        description="with action drop: more values than this drop the document, fewer are replaced (Dolma: 5)",
    )
    ip: Literal["all", "global"] = Field(
        default="all", description="all IP addresses, or only those that are globally routable"
    )
    phone_regions: tuple[str, ...] = Field(
        default=(),
        description="ISO 3166 codes of more regions whose phone numbers need no word near them",
    )
    extra: FrozenMap[str, str] = Field(
        default=FrozenMap(),
        description="patterns of your own by name, in RE2's syntax (linear time; \\w, \\d and \\b are ASCII)",
    )
    key_file: str = Field(
        default="", description="path of the key for hash and pseudonymise; the key itself is never a setting"
    )
    key_env: str = Field(default="", description="name of the environment variable that holds the key")

    def __post_init__(self) -> None:
        check_key_settings(self.action, self.key_file, self.key_env)
        if len(set(self.types)) != len(self.types):
            raise SettingsError("types: a type is named twice")
        for name, pattern in self.extra.items():
            check_extra(name, pattern)
        for region in self.phone_regions:
            if not (len(region) == 2 and region.isascii() and region.isupper()):
                raise SettingsError(f"phone_regions: {region!r} is not an ISO 3166 code such as KR")

    def check(self) -> None:
        """Raises ResourceError when the key is missing, unreadable or too short."""
        if needs_key(self.action):
            read_key(self.key_file, self.key_env)

    def resources(self) -> Mapping[str, str]:
        """A keyed hash of a constant: another key is noticed, the key is not told."""
        return {"key": key_check(read_key(self.key_file, self.key_env))} if needs_key(self.action) else {}

    def open(self) -> Callable[[Document], Document | Drop]:
        """The scrubbing function."""
        key = read_key(self.key_file, self.key_env) if needs_key(self.action) else b""
        kinds = (*self.types, *self.extra)
        return Scrubber(
            self._find_in(), kinds, Replacer(self.action, key), self.drop_above if self.action == "drop" else None
        )

    def finder(self) -> Callable[[str, str], list[Span]]:
        """text, language -> spans in characters; what open() replaces, and what an evaluation measures."""
        find = self._find_in()

        def in_text(text: str, language: str = "") -> list[Span]:
            return find(Document("", text, notes={"language": language}))

        return in_text

    def _find_in(self) -> Callable[[Document], list[Span]]:
        from filters.pii.scanner import Scanner
        from filters.text.code import code_spans

        scanner = Scanner(self.types, self.ip, self.phone_regions)
        extra = [(name, compiled(pattern)) for name, pattern in self.extra.items()]

        def find(document: Document) -> list[Span]:
            text, language = document.text, str(document.notes.get("language", ""))
            # A lone surrogate is not this stage's fault; the same handler both ways gives the text back unchanged.
            data = text.encode("utf-8", "surrogatepass")
            hits = scanner.scan(data, language, lambda: document.derive(code_spans))
            if hits is None:
                folded = text.translate(_FOLD)
                wide = folded.encode("utf-8", "surrogatepass")
                spans = _in_characters(folded, wide, scanner.scan(wide, language, lambda: code_spans(folded)) or ())
            else:
                spans = _in_characters(text, data, hits)
            for name, pattern in extra:
                matches = [(name, *match.span()) for match in pattern.finditer(data)]
                spans = _with_extra(spans, _in_characters(text, data, matches))
            return spans

        return find


# Full-width forms, one character each: digits, letters, signs, the ideographic space
_FOLD = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def _in_characters(text: str, data: bytes, hits: Iterable[tuple[str, int, int]]) -> list[Span]:
    """Hits in bytes, ordered and disjoint, as spans in characters."""
    if len(data) == len(text):
        return [Span(*hit) for hit in hits]
    spans, position, characters = [], 0, 0
    for kind, start, end in hits:
        characters += len(data[position:start].decode("utf-8", "surrogatepass"))
        size = len(data[start:end].decode("utf-8", "surrogatepass"))
        spans.append(Span(kind, characters, characters + size))
        position, characters = end, characters + size
    return spans


EXTRA_NAME = re.compile("[a-z][a-z0-9_]{0,31}")
EXTRA_LENGTH = 2000


def compiled(pattern: str) -> Any:
    """A pattern for bytes, compiled by RE2 with bounded memory."""
    import re2

    options = re2.Options()
    options.max_mem = 8 << 20
    options.log_errors = False
    return re2.compile(pattern.encode("utf-8", "replace"), options)


def check_extra(name: str, pattern: str) -> None:
    """Raises SettingsError for a pattern of the user's own that cannot be used, or that would never come to an end."""
    import re2

    if not EXTRA_NAME.fullmatch(name) or name in KINDS:
        raise SettingsError(
            f"extra: {name!r:.40}: a name must be lower-case letters, digits and _, and not a built-in type"
        )
    if len(pattern) > EXTRA_LENGTH:
        raise SettingsError(f"extra: {name}: the pattern is longer than {EXTRA_LENGTH} characters")
    try:
        found = compiled(pattern)
    except re2.error as error:
        why = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise SettingsError(f"extra: {name}: the pattern is not supported by RE2: {why}") from error
    if found.search(b"") is not None:
        raise SettingsError(f"extra: {name}: the pattern matches the empty string, so it would match everywhere")
    if found.search(f"<{name.upper()}>".encode()) is not None:
        raise SettingsError(f"extra: {name}: the pattern matches its own placeholder <{name.upper()}>")


def _with_extra(spans: list[Span], more: list[Span]) -> list[Span]:
    """Spans with those of one more pattern, where they overlap none that was found before."""
    starts = [span.start for span in spans]
    found = []
    for span in more:
        place = bisect.bisect_left(starts, span.end)
        if not place or spans[place - 1].end <= span.start:
            found.append(span)
    return sorted([*spans, *found], key=lambda span: span.start)


def needs_key(action: Action) -> bool:
    """Whether an action writes values that somebody without the key could otherwise compute."""
    return action in ("hash", "pseudonymise")


def check_key_settings(action: Action, key_file: str, key_env: str) -> None:
    """Raises SettingsError when a key is named for an action without one, or none or two for one that needs it."""
    if needs_key(action) and bool(key_file) == bool(key_env):
        raise SettingsError(f"action {action} needs a key: set either key_file (a path) or key_env (a variable's name)")
    if not needs_key(action) and (key_file or key_env):
        raise SettingsError(f"key_file and key_env are for hash and pseudonymise; action is {action}")
