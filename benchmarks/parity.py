"""Decisions of the heuristic filters beside those of DCLM and datatrove on the same texts."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filters import make
from filters.document import Document, Drop
from filters.rules import decide, failing

SHARED_DATA = Path(
    os.environ.get("CURATE_SHARED_DATA", Path(__file__).resolve().parent.parent.parent / "shared" / "data")
)

# Rules of quality/refinedweb by DCLM's step
PAGE_RULES = {
    "page_length": "10:page_length_filter",
    "word_length": "11:word_length_filter",
    "symbol_ratio": "12:symbol_ratio_filter",
    "bullet_count": "13:bullet_count_filter",
    "ellipsis_count": "14:ellipsis_count_filter",
    "alphabetic_word_ratio": "15:alphabetic_word_ratio_filter",
    "stop_words": "16:stop_word_filter",
}
# Rules of quality/gopher-repetition by part of DCLM's step 17
REPETITION_PARTS = {
    "duplicate_lines": "repetition:line",
    "duplicate_paragraphs": "repetition:paragraph",
    "duplicate_line_characters": "repetition:line_chars",
    "duplicate_paragraph_characters": "repetition:paragraph_chars",
    **{f"top_{n}gram": f"repetition:{n}" for n in (2, 3, 4)},
    **{f"duplicate_{n}grams": f"repetition:{n}" for n in range(5, 11)},
}
# Each line rule by itself, by DCLM's step
_OFF = {
    "max_uppercase": None,
    "max_numeric": None,
    "counters": False,
    "min_words": None,
    "phrases": {},
    "max_words_removed": None,
}
LINE_RULES: dict[str, dict[str, Any]] = {
    "19:uppercase_ratio_line_modifier": {"max_uppercase": 0.5},
    "20:numeric_ratio_line_modifier": {"max_numeric": 0.999999},
    "21:counter_line_modifier": {"counters": True},
    "22:line_length_modifier": {"min_words": 2},
    "23:substring_line_modifier": {"phrases": {"items in cart": "anywhere"}},
    "24:substring_line_modifier": {"phrases": {"Read more...": "suffix"}},
    "25:substring_line_modifier": {"phrases": {"Sign-in": "prefix"}},
}
REWRITERS: dict[str, tuple[str, dict[str, Any]]] = {
    "6:url_removal_modifier": ("cleanup/urls", {"semantics": "dclm"}),
    "7:newline_removal_modifier": ("cleanup/newlines", {}),
    **{step: ("cleanup/refinedweb-lines", {**_OFF, **settings}) for step, settings in LINE_RULES.items()},
}
# Where a rule of cleanup/refinedweb-lines empties a page, in DCLM's steps
DROPS = {
    "uppercase": 19,
    "numeric": 20,
    "counter": 21,
    "short_line": 22,
    "phrase": 23,
    "blank": 23,
    "words_removed": 26,
}
DATATROVE_QUALITY = {
    "min_words": "gopher_short_doc",
    "max_words": "gopher_long_doc",
    "min_mean_word_length": "gopher_below_avg_threshold",
    "max_mean_word_length": "gopher_above_avg_threshold",
    "max_hash_ratio": "gopher_too_many_hashes",
    "max_ellipsis_ratio": "gopher_too_many_ellipsis",
    "max_bullet_lines": "gopher_too_many_bullets",
    "max_ellipsis_lines": "gopher_too_many_end_ellipsis",
    "min_alphabetic_words": "gopher_below_alpha_threshold",
    "min_stop_words": "gopher_enough_stop_words",
}
DATATROVE_REPETITION = {
    "duplicate_lines": "dup_line_frac",
    "duplicate_paragraphs": "dup_para_frac",
    "duplicate_line_characters": "dup_line_char_frac",
    "duplicate_paragraph_characters": "dup_para_char_frac",
    **{f"top_{n}gram": f"top_{n}_gram" for n in (2, 3, 4)},
    **{f"duplicate_{n}grams": f"duplicated_{n}_n_grams" for n in range(5, 11)},
}


def read(name: str, folder: Path = SHARED_DATA / "parity") -> list[dict[str, Any]]:
    """The rows of one reference file."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as rows:
        return [json.loads(row) for row in rows]


def dclm_sequence() -> Callable[[str], tuple[str | None, str | None]]:
    """DCLM's steps 6, 7 and 10 to 26: text -> (number of the step that dropped it or None, final text or None)."""
    strategies = [
        make(name, settings) for name, settings in (REWRITERS["6:url_removal_modifier"], ("cleanup/newlines", {}))
    ]
    first = [strategy.open() for strategy in strategies]  # type: ignore[attr-defined]
    judges = [make("quality/refinedweb"), make("quality/gopher-repetition")]
    scores = [(judge.open(), judge.rules("en")) for judge in judges]  # type: ignore[attr-defined]
    lines = make("cleanup/refinedweb-lines").open()  # type: ignore[attr-defined]

    def run_all(text: str) -> tuple[str | None, str | None]:
        document = Document(id="", text=text)
        for rewrite in first:
            document = rewrite(document)
            if isinstance(document, Drop):
                return "6", None
        for judge, rules in scores:
            drop = decide(rules, judge(document).signals, {})
            if drop is not None:
                return PAGE_RULES[drop.rule].partition(":")[0] if drop.rule in PAGE_RULES else "17", None
        left = lines(document)
        return (str(DROPS[left.rule]), None) if isinstance(left, Drop) else (None, left.text)

    return run_all


def compare_dclm(pages: list[dict[str, Any]], reference: list[dict[str, Any]]) -> dict[str, Any]:
    """Decisions and texts that differ from DCLM's, by step: {"decisions", "texts", "differences": [...]}."""
    documents = [Document(id=page["id"], text=page["text"]) for page in pages]
    differences: list[dict[str, Any]] = []
    decisions = texts = 0

    def note(step: str, document: Document, ours: Any, theirs: Any) -> None:
        if ours != theirs:
            kinds = [value if value is None or isinstance(value, bool | int) else "text" for value in (ours, theirs)]
            differences.append({"id": document.id, "step": step, "ours": kinds[0], "dclm": kinds[1]})

    for name, parts in (("quality/refinedweb", PAGE_RULES), ("quality/gopher-repetition", REPETITION_PARTS)):
        judge = make(name)
        score, rules = judge.open(), judge.rules("en")  # type: ignore[attr-defined]
        for document, row in zip(documents, reference, strict=True):
            signals = score(document).signals
            for rule in rules:
                step = parts[rule.name]
                decisions += 1
                note(step, document, not rule.fails(signals[rule.signal]), row["keeps_alone"][step])
    for step, (name, settings) in REWRITERS.items():
        rewrite = make(name, settings).open()  # type: ignore[attr-defined]
        for document, row in zip(documents, reference, strict=True):
            left = rewrite(document)
            ours = None if isinstance(left, Drop) else True if left.text == document.text else left.text
            texts += 1
            note(step, document, ours, row["rewrites_alone"][step])
    sequence = dclm_sequence()
    for document, row in zip(documents, reference, strict=True):
        dropped, final = sequence(document.text)
        theirs = row["dropped_at"] and row["dropped_at"].partition(":")[0]
        decisions += 1
        texts += 1
        note("dropped_at", document, dropped and int(dropped), theirs and int(theirs))
        note("final_text", document, final, row["final_text"])
    changed = sum(difference["step"] in REWRITERS or difference["step"] == "final_text" for difference in differences)
    return {
        "decisions": decisions,
        "decisions_same": 1 - (len(differences) - changed) / decisions,
        "texts": texts,
        "texts_same": 1 - changed / texts,
        "differences": differences,
    }


def compare_datatrove(pages: list[dict[str, Any]], reference: list[dict[str, Any]], words: str) -> dict[str, Any]:
    """Decisions of quality/gopher and quality/gopher-repetition that differ from datatrove's, with the rules at fault.

    A dropped document agrees when datatrove's reason (it stops at the first) is among the rules that failed here.
    """
    result: dict[str, Any] = {}
    documents = [Document(id=page["id"], text=page["text"]) for page in pages]
    for name, key, reasons in (
        ("quality/gopher", "gopher_quality", DATATROVE_QUALITY),
        ("quality/gopher-repetition", "gopher_repetition", DATATROVE_REPETITION),
    ):
        judge = make(name, {"semantics": "datatrove", "words": words})
        score, rules = judge.open(), judge.rules("en")  # type: ignore[attr-defined]
        differences = []
        other_reason = 0
        for document, row in zip(documents, reference, strict=True):
            failed = failing(rules, score(document).signals, {})
            if (not failed) != row[key]["keep"]:
                ours = {rule.rule: rule.value for rule in failed}
                differences.append({"id": document.id, "ours": ours, "datatrove": row[key]["reason"]})
            elif failed and row[key]["reason"] not in [reasons[rule.rule] for rule in failed]:
                other_reason += 1
        result[name] = {
            "same": 1 - len(differences) / len(pages),
            "other_reason": other_reason,
            "cause": "words: UAX #29 here, spaCy tokens there" if words == "unicode" else "",
            "differences": differences,
        }
    return result


def run() -> dict[str, Any]:
    """Shares of decisions and texts equal to the references, and every difference."""
    if not (SHARED_DATA / "parity").is_dir():
        return {"skipped": "no reference decisions (shared data, folder parity)"}
    pages, chinese = read("pages"), read("pages_zh")
    datatrove = read("datatrove")
    return {
        "dclm": compare_dclm(pages, read("dclm")),
        "dclm_zh": compare_dclm(chinese, read("dclm_zh")),
        "datatrove_spacy": compare_datatrove(pages, datatrove, "spacy"),
        "datatrove_unicode": compare_datatrove(pages, datatrove, "unicode"),
    }
