"""Strategies and what they share. STRATEGIES is the table of contents."""

import dataclasses
import difflib
from collections.abc import Mapping
from importlib import metadata
from typing import Any, get_args, get_type_hints

import pydantic
from pydantic_core import ArgsKwargs

from filters.contracts import ResourceError, SettingsError, Strategy
from filters.loading import check_decision, load
from filters.wording import as_lists, in_words

# name -> module:Class. The first part is the stage, the second the strategy. Modules are imported when named.
STRATEGIES: Mapping[str, str] = {
    "extraction/resiliparse": "filters.extraction.resiliparse:Resiliparse",
    "extraction/trafilatura": "filters.extraction.trafilatura:Trafilatura",
    "extraction/justext": "filters.extraction.justext:JusText",
    "extraction/plain": "filters.extraction.plain:Plain",
    "language/fasttext": "filters.language.fasttext:FastText",
    "language/lingua": "filters.language.lingua:Lingua",
    "language/script": "filters.language.script:Script",
    "cleanup/c4-lines": "filters.cleanup.c4_lines:C4Lines",
    "cleanup/refinedweb-lines": "filters.cleanup.refinedweb_lines:RefinedWebLines",
    "cleanup/urls": "filters.cleanup.urls:Urls",
    "cleanup/newlines": "filters.cleanup.newlines:Newlines",
    "cleanup/symbol-lines": "filters.cleanup.symbol_lines:SymbolLines",
    "cleanup/klue": "filters.cleanup.klue:Klue",
    "cleanup/unicode": "filters.cleanup.unicode:Unicode",
    "cleanup/sentences": "filters.cleanup.sentences:Sentences",
    "quality/gopher": "filters.quality.gopher:Gopher",
    "quality/gopher-repetition": "filters.quality.gopher_repetition:GopherRepetition",
    "quality/refinedweb": "filters.quality.refinedweb:RefinedWeb",
    "quality/c4": "filters.quality.c4:C4",
    "quality/fineweb": "filters.quality.fineweb:FineWeb",
    "quality/redpajama": "filters.quality.redpajama:RedPajama",
    "quality/length": "filters.quality.length:Length",
    "quality/url": "filters.quality.url:Url",
    "quality/compression": "filters.quality.compression:Compression",
    "quality/cjk": "filters.quality.cjk:Cjk",
    "quality/hangul": "filters.quality.hangul:Hangul",
    "quality/sentence": "filters.quality.sentence:Sentence",
    "quality/fasttext": "filters.quality.fasttext:FastText",
    "quality/fasttext-top": "filters.quality.fasttext:FastTextTop",
    "quality/perplexity": "filters.quality.perplexity:Perplexity",
    "quality/perplexity-top": "filters.quality.perplexity:PerplexityTop",
    "quality/buckets": "filters.quality.buckets:Buckets",
    "dedup/exact": "filters.dedup.exact:Exact",
    "dedup/url": "filters.dedup.url:Url",
    "dedup/lines": "filters.dedup.lines:RepeatedLines",
    "dedup/minhash": "filters.dedup.minhash:MinHash",
    "dedup/minhash-datasketch": "filters.dedup.minhash_datasketch:MinHashDatasketch",
    "dedup/bff": "filters.dedup.bff:Bff",
    "dedup/substring": "filters.dedup.substring:Substring",
    "dedup/decontaminate": "filters.dedup.decontaminate:Decontaminate",
    "toxicity/wordlist": "filters.toxicity.wordlist:WordList",
    "toxicity/fasttext": "filters.toxicity.fasttext:FastText",
    "toxicity/linear": "filters.toxicity.linear:Linear",
    "toxicity/transformer": "filters.toxicity.transformer:Transformer",
    "pii/patterns": "filters.pii.patterns:Patterns",
    "pii/presidio": "filters.pii.presidio:Presidio",
    "rights/optout": "filters.rights.optout:OptOut",
    "rights/license": "filters.rights.license:License",
    "sampling/random": "filters.sampling.random:Random",
    "sampling/upsample": "filters.sampling.upsample:Upsample",
    "sampling/mix": "filters.sampling.mix:Mix",
}

ENTRY_POINTS = "curate.strategies"


def find(name: str) -> type[Strategy]:
    """The class of a strategy: a name of the table, an entry point of third parties, or a dotted path."""
    if name in STRATEGIES:
        return load(STRATEGIES[name])
    if "/" not in name and ("." in name or ":" in name):
        return _imported(name, name)
    for entry in metadata.entry_points(group=ENTRY_POINTS, name=name):
        return _imported(name, entry.value)
    near = difflib.get_close_matches(name, STRATEGIES, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    stage = name.partition("/")[0]
    known = [known for known in STRATEGIES if known.startswith(stage + "/")] or list(STRATEGIES)
    raise SettingsError(f"unknown strategy {name!r}{hint} (known: {', '.join(known)})")


def _imported(name: str, path: str) -> type[Strategy]:
    """The class at a path of third parties, whose import can fail in any way."""
    try:
        return load(path)
    except SettingsError:
        raise
    except Exception as error:
        raise SettingsError(f"cannot import strategy {name}: {error or type(error).__name__}") from error


def make(name: str, settings: Mapping[str, Any] | None = None) -> Strategy:
    """A strategy by name with these settings; raises SettingsError naming the wrong setting and the known ones."""
    cls = find(name)
    settings = {} if settings is None else settings
    if not isinstance(settings, Mapping):
        raise SettingsError(f"{name}: settings must be a map, got {settings!r:.80}")
    for setting, value in settings.items():
        if not isinstance(setting, str):
            raise SettingsError(f"{name}: the name of a setting must be text, got {setting!r:.80}", (setting,))
        wrong = _boolean_in(value)
        if wrong is not None and not _takes_boolean(cls, setting):
            # YAML 1.1 reads no (Norwegian, too), off, yes and on as booleans; pydantic would read them as 0 and 1
            word = "yes" if wrong else "no"
            raise SettingsError(
                f"{name}: {setting}: {wrong} is not allowed (to write the word, quote it: '{word}')", (setting,)
            )
    try:
        made = cls(**as_lists(cls, settings))
        check_decision(made)
    except TypeError as error:
        raise SettingsError(f"{name}: {error}") from error
    except SettingsError as error:
        raise SettingsError(f"{name}: {error}", error.path) from error
    except pydantic.ValidationError as error:
        lines, path = _explain(cls, error)
        if path and path[0] not in settings and f"max_{str(path[0])[4:]}" in settings:
            path = (f"max_{str(path[0])[4:]}",)  # a bound that was given lies below a default
        raise SettingsError("; ".join(f"{name}: {line}" for line in lines), path) from error
    return made


def _boolean_in(value: Any) -> bool | None:
    """The first True or False in a value, its keys or its items."""
    if isinstance(value, bool):
        return value
    items: list[Any] = [*value, *value.values()] if isinstance(value, Mapping) else []
    items = list(value) if isinstance(value, (list, tuple)) else items
    return next((found for found in map(_boolean_in, items) if found is not None), None)


def _takes_boolean(cls: type[Strategy], setting: str) -> bool:
    def within(hint: Any) -> bool:
        return hint in (bool, Any) or hint is Strategy or any(within(part) for part in get_args(hint))

    hints = get_type_hints(cls)
    return setting not in hints or within(hints[setting])


def _explain(cls: type[Strategy], error: pydantic.ValidationError) -> tuple[list[str], tuple[str | int, ...]]:
    """What is wrong with the settings, a line each, and the path of the first wrong one."""
    known = [f.name for f in dataclasses.fields(cls)]  # type: ignore[arg-type]
    lines = []
    paths: list[tuple[str | int, ...]] = []
    for problem in in_words(error.errors(include_url=False)):
        said = problem.get("ctx", {}).get("error")
        path = (*problem["loc"], *(said.path if isinstance(said, SettingsError) else ()))
        paths.append(path)
        where = ".".join(str(part) for part in path) or "settings"
        if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            near = difflib.get_close_matches(where, known, n=1, cutoff=0.6)
            hint = f", did you mean {near[0]}?" if near else ""
            lines.append(f"unknown setting {where}{hint} (known: {', '.join(known) or 'none'})")
        elif problem["type"] == "missing":
            lines.append(f"{where} is required")
        else:
            message = problem["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
            whole = isinstance(said, SettingsError) or isinstance(problem["input"], ArgsKwargs)
            lines.append(f"{where}: {message}" + ("" if whole else f", got {problem['input']!r:.80}"))
    return lines, paths[0]


__all__ = ["ENTRY_POINTS", "STRATEGIES", "ResourceError", "SettingsError", "Strategy", "find", "make"]
