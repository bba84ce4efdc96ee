"""Personal data by presidio-analyzer: its pattern recognisers without a model, names by spaCy where one is given."""

import importlib.util
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from filters.contracts import FrozenMap, ResourceError, Rewriter, SettingsError, strategy
from filters.document import Document, Drop, Fault
from filters.needs import need
from filters.pii.actions import Action, Replacer, key_check, read_key
from filters.pii.patterns import check_key_settings, needs_key
from filters.pii.scrub import Scrubber, Span

CHUNK, OVERLAP = 16_000, 256  # characters: Presidio's time grows faster than the text, and its limit is a million
LOGGER = "presidio-analyzer"
# What a word near a value adds to its score, the least it comes to then, and where it is looked for, in characters:
# Presidio's own figures. Its enhancer reads lemmas, and the engine without a model has none.
CONTEXT_BONUS, CONTEXT_LEAST, CONTEXT_BEFORE, CONTEXT_AFTER = 0.35, 0.4, 40, 20

# kind -> Presidio's recogniser and entity. The kinds that begin with kr_ are looked for in Korean documents only: their
# loose forms (ten digits, twelve digits) are common numbers elsewhere.
PATTERNS: Mapping[str, tuple[str, str]] = {
    "email": ("EmailRecognizer", "EMAIL_ADDRESS"),
    "phone": ("PhoneRecognizer", "PHONE_NUMBER"),
    "ip": ("IpRecognizer", "IP_ADDRESS"),
    "card": ("CreditCardRecognizer", "CREDIT_CARD"),
    "iban": ("IbanRecognizer", "IBAN_CODE"),
    "us_ssn": ("UsSsnRecognizer", "US_SSN"),
    "kr_rrn": ("KrRrnRecognizer", "KR_RRN"),
    "kr_frn": ("KrFrnRecognizer", "KR_FRN"),
    "kr_brn": ("KrBrnRecognizer", "KR_BRN"),
    "kr_driver_license": ("KrDriverLicenseRecognizer", "KR_DRIVER_LICENSE"),
    "kr_passport": ("KrPassportRecognizer", "KR_PASSPORT"),
    "crypto": ("CryptoRecognizer", "CRYPTO"),
    "mac": ("MacAddressRecognizer", "MAC_ADDRESS"),
    "us_itin": ("UsItinRecognizer", "US_ITIN"),
    "uk_nhs": ("NhsRecognizer", "UK_NHS"),
    "uk_nino": ("UkNinoRecognizer", "UK_NINO"),
}
NAMES: Mapping[str, str] = {"person": "PERSON", "location": "LOCATION", "organization": "ORGANIZATION"}
DEFAULT = tuple(kind for kind in PATTERNS if kind not in ("crypto", "mac", "us_itin", "uk_nhs", "uk_nino"))


@strategy
class Presidio(Rewriter):
    """Finds personal data with presidio-analyzer's recognisers, offline; names with a spaCy model if one is given."""

    reads: ClassVar[tuple[str, ...]] = ("language",)
    conceals: ClassVar[bool] = True
    writes: ClassVar[Mapping[str, str]] = {f"pii_{kind}": "int64" for kind in (*PATTERNS, *NAMES)}

    types: tuple[str, ...] = Field(
        default=DEFAULT, min_length=1, description=f"the kinds of personal data: {', '.join((*PATTERNS, *NAMES))}"
    )
    action: Action = Field(
        default="replace",
        description="replace by <TYPE>, pseudonymise (synthetic values), hash (keyed), or drop documents with many",
    )
    drop_above: int = Field(
        default=5,
        ge=0,
        description="with action drop: more values than this drop the document, fewer are replaced (Dolma)",
    )
    min_score: float = Field(default=0.4, gt=0, le=1, description="the lowest Presidio score that counts")
    ner: FrozenMap[str, str] = Field(
        default=FrozenMap(),
        description="spaCy model (package or folder) by language, for person, location and organization",
        validate_default=True,
    )
    max_characters: int = Field(
        default=1_000_000, ge=1, description="the longest text that is read; a longer one is a fault (doc_too_long)"
    )
    timeout: float = Field(
        default=60.0, gt=0, description="seconds a document may take; a longer one is a fault (pii_timeout)"
    )
    key_file: str = Field(
        default="", description="path of the key for hash and pseudonymise; the key itself is never a setting"
    )
    key_env: str = Field(default="", description="name of the environment variable that holds the key")

    def __post_init__(self) -> None:
        check_key_settings(self.action, self.key_file, self.key_env)
        known = (*PATTERNS, *NAMES)
        for kind in self.types:
            if kind not in known:
                raise SettingsError(f"types: unknown {kind!r} (known: {', '.join(known)})")
        if len(set(self.types)) != len(self.types):
            raise SettingsError("types: a type is named twice")
        if set(self.types) & set(NAMES) and not self.ner:
            raise SettingsError(f"types {', '.join(NAMES)} need a model: set ner, as in {{en: en_core_web_sm}}")
        if self.ner and not set(self.types) & set(NAMES):
            raise SettingsError(f"ner: a model is given, but none of {', '.join(NAMES)} is among the types")

    def check(self) -> None:
        """Raises ResourceError when presidio-analyzer, a spaCy model or the key is missing."""
        need("presidio_analyzer", "pii/presidio")
        for language, model in self.ner.items():
            if _model_folder(model) is None:
                raise ResourceError(f"ner.{language}: the spaCy model {model!r} is neither installed nor a folder")
        if needs_key(self.action):
            read_key(self.key_file, self.key_env)

    def resources(self) -> Mapping[str, str]:
        """A hash of each model's files, and a keyed hash of a constant where there is a key."""
        from hashlib import sha256

        found = {"key": key_check(read_key(self.key_file, self.key_env))} if needs_key(self.action) else {}
        for language, model in self.ner.items():
            folder, total = _model_folder(model), sha256()
            if folder is None:
                raise ResourceError(f"ner.{language}: the spaCy model {model!r} is neither installed nor a folder")
            for path in sorted(folder.rglob("*")):
                if path.is_file() and path.suffix != ".pyc":
                    total.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
            found[f"ner.{language}"] = total.hexdigest()
        return found

    def open(self) -> Callable[[Document], Document | Drop]:
        """The scrubbing function. It raises Fault (pii_timeout, pii_error, doc_too_long), never lets a text pass."""
        key = read_key(self.key_file, self.key_env) if needs_key(self.action) else b""
        find = self.finder()
        return Scrubber(
            lambda document: find(document.text, str(document.notes.get("language", ""))),
            self.types,
            Replacer(self.action, key),
            self.drop_above if self.action == "drop" else None,
        )

    def finder(self) -> Callable[[str, str], list[Span]]:
        """text, language -> spans in characters."""
        self.check()
        return _Finder(self)


class _Finder:
    def __init__(self, settings: Presidio) -> None:
        import regex

        kinds, ner = settings.types, settings.ner
        self._min_score = settings.min_score
        self._timeout = settings.timeout
        self._longest = settings.max_characters
        with _quiet(ignore=True):
            self._analyzer, context = _patterns_analyzer(kinds)
            self._ner = _ner_analyzer(ner) if ner else None
        self._context = {
            entity: regex.compile("|".join(map(regex.escape, words)), regex.IGNORECASE)
            for entity, words in context.items()
            if words
        }
        self._languages = frozenset(ner)
        self._kind = {entity: kind for kind, (_, entity) in PATTERNS.items()} | {name: k for k, name in NAMES.items()}
        self._names = [NAMES[kind] for kind in kinds if kind in NAMES]
        self._generic = [PATTERNS[kind][1] for kind in kinds if kind in PATTERNS and not kind.startswith("kr_")]
        self._korean = [PATTERNS[kind][1] for kind in kinds if kind.startswith("kr_")]
        # Presidio ends words with \b, for which Hangul and CJK are word characters: a value with a particle glued to it
        # would be missed. One line feed for one character keeps the offsets, and joins nothing.
        self._letters = regex.compile(
            r"[\p{Hangul}\p{Han}\p{Hiragana}\p{Katakana}]|<[A-Z][A-Z_]{1,30}(?::[0-9a-f]{16})?>"
        )
        self._hangul = regex.compile(r"\p{Hangul}")
        self._evidence = regex.compile(r"[0-9@]|::")

    def __call__(self, text: str, language: str = "") -> list[Span]:
        if len(text) > self._longest:
            raise Fault("doc_too_long", f"{len(text)} characters, limit {self._longest}")
        korean = language == "ko" or (language in ("", "und") and self._hangul.search(text) is not None)
        entities = self._generic + (self._korean if korean else [])
        masked = self._letters.sub(lambda match: "\n" * len(match.group()), text)
        model = language if language in self._languages else ""
        started = time.monotonic()
        found: list[tuple[float, int, int, str]] = []
        for start in range(0, max(1, len(text) - OVERLAP), CHUNK - OVERLAP):
            if time.monotonic() - started > self._timeout:
                raise Fault("pii_timeout", f"more than {self._timeout} s for {len(text)} characters")
            end = start + CHUNK
            # Half of an overlap belongs to either chunk: a value near a cut is read whole by the one it belongs to.
            first = start + OVERLAP // 2 if start else 0
            last = end - OVERLAP // 2 if end < len(text) else len(text)
            results = []
            if entities and self._evidence.search(masked, start, end) is not None:
                results += self._analyze(self._analyzer, masked[start:end], "en", entities)
            if model and self._ner is not None:
                results += self._analyze(self._ner, text[start:end], model, self._names)
            for result in results:
                left, right = start + result.start, start + result.end
                score = self._score(text, result.entity_type, result.score, left, right)
                if first <= left < last and score >= self._min_score:
                    found.append((score, left, right, self._kind[result.entity_type]))
        return _disjoint(text, found)

    def _score(self, text: str, entity: str, score: float, start: int, end: int) -> float:
        words = self._context.get(entity)
        if score >= self._min_score or words is None:
            return score
        before, after = text[max(0, start - CONTEXT_BEFORE) : start], text[end : end + CONTEXT_AFTER]
        if words.search(before) is None and words.search(after) is None:
            return score
        return min(1.0, max(score + CONTEXT_BONUS, CONTEXT_LEAST))

    def _analyze(self, analyzer: Any, text: str, language: str, entities: list[str]) -> list[Any]:
        try:
            with _quiet() as problems, _pattern_timeout(self._timeout):
                results = analyzer.analyze(text, language, entities=entities, score_threshold=0.0)
        except Exception as error:
            reason = "pii_timeout" if isinstance(error, TimeoutError) else "pii_error"
            raise Fault(reason, f"presidio: {type(error).__name__} in {len(text)} characters") from None
        if problems:
            reason = "pii_timeout" if "WARNING" in problems else "pii_error"
            raise Fault(reason, f"presidio gave up on a pattern in {len(text)} characters")
        return list(results)


def _disjoint(text: str, found: list[tuple[float, int, int, str]]) -> list[Span]:
    """Of overlapping results the one with the highest score, then the longest, then the first."""
    taken: list[Span] = []
    for _, start, end, kind in sorted(found, key=lambda one: (-one[0], one[1] - one[2], one[1], one[3])):
        if kind == "kr_driver_license" and text[start:end].isdigit():
            continue  # any twelve digits that begin with a region
        taken.append(Span(kind, start, end))
    spans: list[Span] = []
    rank = {span: index for index, span in enumerate(taken)}
    for span in sorted(taken, key=lambda one: (one.start, rank[one])):
        if spans and span.start < spans[-1].end:
            if rank[span] < rank[spans[-1]]:
                spans[-1] = span
            continue
        spans.append(span)
    return spans


def _patterns_analyzer(kinds: tuple[str, ...]) -> tuple[Any, dict[str, list[str]]]:
    """An analyzer without a model, and the context words of its recognisers by entity."""
    import tldextract

    # Without this the e-mail recogniser asks the network for the public suffix list in every process.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)  # type: ignore[assignment]
    import presidio_analyzer.predefined_recognizers as predefined
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine.no_op_nlp_engine import NoOpNlpEngine

    engine = NoOpNlpEngine(models=[{"lang_code": "en", "model_name": ""}])
    engine.load()
    registry, context = RecognizerRegistry(supported_languages=["en"]), {}
    for kind in kinds:
        if kind in PATTERNS:
            recogniser = getattr(predefined, PATTERNS[kind][0])
            more = {}
            if kind == "phone":
                more["supported_regions"] = (*recogniser.DEFAULT_SUPPORTED_REGIONS, "KR")
            made = recogniser(supported_language="en", **more)
            registry.add_recognizer(made)
            context[PATTERNS[kind][1]] = list(made.context or ())
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"]), context


def _ner_analyzer(ner: Mapping[str, str]) -> Any:
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer

    engine = SpacyNlpEngine(models=[{"lang_code": language, "model_name": model} for language, model in ner.items()])
    engine.load()
    registry = RecognizerRegistry(supported_languages=list(ner))
    for language in ner:
        registry.add_recognizer(SpacyRecognizer(supported_language=language, supported_entities=list(NAMES.values())))
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=list(ner))


def _model_folder(model: str) -> Path | None:
    if Path(model).is_dir():
        return Path(model)
    spec = importlib.util.find_spec(model) if model.isidentifier() else None
    return Path(spec.origin).parent if spec is not None and spec.origin else None


@contextmanager
def _quiet(ignore: bool = False) -> Iterator[list[str]]:
    """Keeps Presidio's log to itself: it names values ("Failed to validate text ..."). Yields what went wrong.

    A pattern that runs out of time is only logged by Presidio, and skipped: that must not pass for "nothing found".
    """
    problems: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not ignore and record.levelno >= logging.WARNING:
                problems.append(record.levelname)

    logger, handler = logging.getLogger(LOGGER), Handler()
    saved = logger.handlers[:], logger.propagate, logger.level
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.WARNING)
    try:
        yield problems
    finally:
        logger.handlers, logger.propagate = saved[0], saved[1]
        logger.setLevel(saved[2])


@contextmanager
def _pattern_timeout(seconds: float) -> Iterator[None]:
    """The time Presidio gives one pattern, in the modules that read it."""
    from presidio_analyzer import pattern_recognizer
    from presidio_analyzer.predefined_recognizers.generic import iban_recognizer

    modules = (pattern_recognizer, iban_recognizer)
    saved = [vars(module)["REGEX_TIMEOUT_SECONDS"] for module in modules]
    for module in modules:
        vars(module)["REGEX_TIMEOUT_SECONDS"] = seconds
    try:
        yield
    finally:
        for module, value in zip(modules, saved, strict=True):
            vars(module)["REGEX_TIMEOUT_SECONDS"] = value
