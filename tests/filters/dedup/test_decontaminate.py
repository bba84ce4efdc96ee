"""Items of evaluation files are found where they were planted, and nowhere else."""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import filters
from filters.contracts import ResourceError, SettingsError
from filters.dedup import decontaminate
from filters.document import Document, Drop
from filters.text import minhash, overlap
from tests.filters.dedup.planted import words_of

ITEMS = {"en": 150, "ko": 150}


def _jsonl(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def _opened(files: list[str], **settings: Any) -> Any:
    step = filters.make("dedup/decontaminate", {"files": files, "answer": ["answer"], **settings})
    step.check()
    return step.open()  # type: ignore[attr-defined]


class Made:
    """Items of one to four sentences in a language, and texts that share no sentence with them."""

    def __init__(self, language: str, folder: Path) -> None:
        self.chance = random.Random(11)
        self.language, self.words = language, words_of(self.chance, language)
        self.items = [
            {"question": " ".join(self.new() for _ in range(self.chance.choice([1, 2, 4]))), "answer": self.words[n]}
            for n in range(ITEMS[language])
        ]
        self.file = _jsonl(folder / "items.jsonl", self.items)

    def new(self) -> str:
        picked = self.chance.choices(self.words, k=self.chance.randint(6, 20))
        return " ".join(picked).capitalize() + ("다." if self.language == "ko" else ".")

    def around(self, text: str) -> Document:
        """A document that holds a text in its middle."""
        before, after = ([self.new() for _ in range(15)] for _ in range(2))
        return Document("d", " ".join([*before, text, *after]), notes={"language": self.language})

    def edited(self, text: str, rate: float) -> str:
        """A text in which a share of the words are others."""
        return " ".join(self.chance.choice(self.words) if self.chance.random() < rate else w for w in text.split(" "))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_planted_items_are_found_and_nothing_else(language: str, tmp_path: Path) -> None:
    made = Made(language, tmp_path)
    function = _opened([made.file])
    found = 0
    for number, item in enumerate(made.items, 1):
        document = made.around(f"{item['question']} {item['answer']}")
        result = function(document)
        if isinstance(result, Drop):
            place, _, span = result.matched.partition(" ")
            start, end = map(int, span.split("-"))
            text = document.text[start:end]
            found += place == f"items.jsonl:{number}:question" and text.rstrip(".") == item["question"].rstrip(".")
    assert found >= 0.99 * len(made.items)
    assert not any(isinstance(function(made.around(made.new())), Drop) for _ in range(200))
    edited = {
        rate: sum(isinstance(function(made.around(made.edited(item["question"], rate))), Drop) for item in made.items)
        for rate in (0.02, 0.1, 0.5)
    }
    assert edited[0.02] >= 0.8 * len(made.items)
    assert edited[0.02] > edited[0.1] > edited[0.5] == 0


QUESTION = "Which of the seven harbours on the northern coast freezes first in a hard winter, and why does it?"
KOREAN = "겨울이 몹시 추운 해에 북쪽 바닷가의 일곱 항구 가운데 어느 곳이 먼저 얼며 그 까닭은 무엇입니까?"
FILLER = "The boats leave before sunrise and come back when the market opens; nobody on the pier counts them. " * 3


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (QUESTION, QUESTION.upper().replace(",", " –")),
        (QUESTION, "\n".join(QUESTION.split())),
        (KOREAN, KOREAN.replace(" ", "")),
        (KOREAN, KOREAN.replace("?", "!").replace(" ", "\n")),
    ],
)
def test_case_punctuation_and_spacing_do_not_count(item: str, text: str, tmp_path: Path) -> None:
    function = _opened([_jsonl(tmp_path / "a.jsonl", [{"question": item, "answer": "x"}])])
    document = Document("d", f"{FILLER}{text} {FILLER}")
    assert isinstance(function(document), Drop)
    assert function(Document("d", FILLER)).text == FILLER


def test_a_short_item_counts_only_with_its_answer_near_it(tmp_path: Path) -> None:
    rows = [{"question": "What is the capital of Ruritania?", "answer": ["Strelsau", "the city of Strelsau"]}]
    function = _opened([_jsonl(tmp_path / "a.jsonl", rows)])
    asked = rows[0]["question"]
    assert isinstance(function(Document("d", f"{FILLER}{asked} It is Strelsau. {FILLER}")), Drop)
    assert not isinstance(function(Document("d", f"{FILLER}{asked} Nobody knows. {FILLER}")), Drop)
    far = f"{asked} {FILLER}{FILLER} Strelsau is far from here."
    assert not isinstance(function(Document("d", far)), Drop)
    without = filters.make("dedup/decontaminate", {"files": [str(tmp_path / "a.jsonl")]})
    with pytest.raises(ResourceError, match="each of the 1 items is too short"):
        without.check()


def test_files_are_parsed_once_to_check_and_to_warn_until_they_change(tmp_path: Path, monkeypatch: Any) -> None:
    parsed = []
    items_of = decontaminate.items_of
    monkeypatch.setattr(decontaminate, "items_of", lambda *given: parsed.append(1) or items_of(*given))
    long, short = {"question": FILLER}, {"question": "Why not?"}
    step = filters.make("dedup/decontaminate", {"files": [_jsonl(tmp_path / "a.jsonl", [long, short])]})
    for _ in range(2):
        step.check()
        assert step.warnings(("en",)) == ("1 of 2 items are too short to be looked for",)
    assert len(parsed) == 1
    _jsonl(tmp_path / "a.jsonl", [short])
    assert step.warnings(("en",)) == ("1 of 1 items are too short to be looked for",)
    with pytest.raises(ResourceError, match="each of the 1 items is too short"):
        step.check()
    assert len(parsed) == 2


def test_a_phrase_of_very_many_items_names_none_of_them(tmp_path: Path) -> None:
    head = "Read the following statement with care and then say whether it is true or false:"
    chance = random.Random(2)
    words = words_of(chance, "en")
    rows = [{"question": f"{head} {' '.join(chance.choices(words, k=12))}", "answer": "a"} for _ in range(100)]
    function = _opened([_jsonl(tmp_path / "a.jsonl", rows)])
    assert not isinstance(function(Document("d", f"{FILLER}{head} The boats are blue. {FILLER}")), Drop)
    assert isinstance(function(Document("d", f"{FILLER}{rows[7]['question']} {FILLER}")), Drop)
    only = _jsonl(tmp_path / "b.jsonl", [{"question": head, "answer": str(n), "x": n} for n in range(3)])
    assert isinstance(_opened([only])(Document("d", f"{FILLER}{head} {FILLER}")), Drop)


def _numbered(count: int) -> list[str]:
    return [f"word{number}" for number in range(count)]


@pytest.mark.parametrize(
    ("size", "found", "limit"),
    [(25, 20, 0.8), (20, 16, 0.8), (14, 13, 0.9), (8, 8, 1.0)],  # the words of an item that are enough
)
def test_as_many_words_as_the_limit_says_are_enough(size: int, found: int, limit: float, tmp_path: Path) -> None:
    words = _numbered(size)
    function = _opened([_jsonl(tmp_path / "a.jsonl", [{"question": " ".join(words), "answer": "x"}])])
    drop = function(Document("d", f"{FILLER}{' '.join(words[:found])} {FILLER}"))
    assert (drop.value, drop.threshold) == (round(found / size, 4), limit)
    assert not isinstance(function(Document("d", f"{FILLER}{' '.join(words[: found - 1])} {FILLER}")), Drop)


def test_the_limits_of_short_items(tmp_path: Path) -> None:
    words = _numbered(8)
    function = _opened([_jsonl(tmp_path / "a.jsonl", [{"question": " ".join(words[:7]), "answer": "the answer"}])])
    for between, hit in ((48, True), (49, False)):  # both words of the answer within 50
        text = " ".join([*words[:7], *["and"] * between, "the answer"])
        assert isinstance(function(Document("d", f"{FILLER}{text}")), Drop) == hit
    function = _opened([_jsonl(tmp_path / "b.jsonl", [{"question": " ".join(words), "answer": "the answer"}])])
    assert isinstance(function(Document("d", f"{FILLER}{' '.join(words)}")), Drop)  # min_words: needs no answer


@pytest.mark.parametrize(("items", "phrases"), [(overlap.COMMON, 0), (overlap.COMMON + 1, 6)])
def test_a_phrase_is_what_more_items_hold_than_the_limit(items: int, phrases: int) -> None:
    head = _numbered(6)
    hashes = [minhash.word_shingles(" ".join([*head, f"a{n} b{n} c{n} d{n} e{n}"]), 5) for n in range(items)]
    assert overlap.table_of(hashes, [11] * items, 5).phrases.tolist() == [phrases] * items


def test_places_are_counted_in_characters(tmp_path: Path) -> None:
    rows = [{"question": QUESTION, "answer": "x"}, {"question": KOREAN, "answer": "x"}]
    function = _opened([_jsonl(tmp_path / "a.jsonl", rows)], action="cut")
    document = Document("d", f"😀 é 앞의 글. \ud800 {KOREAN} 가운데 𝒳 {QUESTION} 뒤의 글.")
    assert function(document).text == "😀 é 앞의 글. \ud800 ? 가운데 𝒳 ? 뒤의 글."


def test_cut_and_note(tmp_path: Path) -> None:
    file = _jsonl(tmp_path / "a.jsonl", [{"question": QUESTION, "answer": "x", "key": "q-1"}])
    document = Document("d", f"앞의 글. {QUESTION} 뒤의 글.")
    cut = _opened([file], action="cut", id="key")(document)
    assert cut.text == "앞의 글. ? 뒤의 글."
    assert cut.edits == {"contaminated": len(QUESTION) - 1}
    assert cut.notes == {"contamination": 1.0, "contaminated_by": f"a.jsonl:1(q-1):question 6-{5 + len(QUESTION)}"}
    noted = _opened([file], action="note")(document)
    assert (noted.text, noted.notes["contamination"]) == (document.text, 1.0)
    gone = _opened([file], action="cut")(Document("d", QUESTION.rstrip("?")))
    assert isinstance(gone, Drop)
    twice = _opened([file], action="cut")(Document("d", f"One. {QUESTION} {FILLER * 3} {QUESTION} Two."))
    assert "harbours" not in twice.text


def test_files_of_all_kinds_and_fields_within_fields(tmp_path: Path) -> None:
    rows = [{"q": {"text": QUESTION}, "answers": {"text": ["because", "it is shallow"]}, "context": KOREAN}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    with gzip.open(tmp_path / "b.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(json.dumps(rows[0]) + "\n")
    for name in ("a.parquet", "b.jsonl.gz", "*"):
        function = _opened([str(tmp_path / name)], question=["q.text"], answer=["answers.text"], passage=["context"])
        drop = function(Document("d", f"{FILLER}{QUESTION}"))
        assert isinstance(drop, Drop) and drop.matched.split(":")[1:][1].startswith("q.text")
        assert isinstance(function(Document("d", f"{FILLER}{KOREAN}")), Drop)


@pytest.mark.parametrize(
    ("content", "settings", "said"),
    [
        (None, {}, "cannot read .*a.jsonl"),
        ('{"question": "x"}\nnot json\n', {}, r"a.jsonl, line 2: not JSON"),
        ("[1, 2]\n", {}, "line 1: not an object"),
        ('{"prompt": "x", "label": 1}\n', {}, r"no row has text in 'question' \(it has: prompt, label\)"),
        ('{"question": "x"}\n', {"answer": ["target"]}, "no evaluation file has text in 'target'"),
        ("", {}, "no row at all"),
        ("PAR1 damaged", {}, "damaged Parquet"),
        ("\x1f\x8b damaged", {}, "damaged|not JSON"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_before_a_run(
    content: str | None, settings: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    if content is not None:
        path.write_text(content, encoding="latin-1")
    step = filters.make("dedup/decontaminate", {"files": [str(path)], **settings})
    with pytest.raises(ResourceError, match=said):
        step.check()


def test_a_pattern_without_a_file_and_nothing_to_look_for() -> None:
    with pytest.raises(ResourceError, match="no file matches"):
        filters.make("dedup/decontaminate", {"files": ["/nowhere/*.jsonl"]}).check()
    with pytest.raises(SettingsError, match="nothing to look for"):
        filters.make("dedup/decontaminate", {"files": ["a"], "question": []})
    with pytest.raises(SettingsError, match="files"):
        filters.make("dedup/decontaminate")


def test_the_content_of_files_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    file = _jsonl(tmp_path / "a.jsonl", [{"question": QUESTION}])
    step = filters.make("dedup/decontaminate", {"files": [file]})
    before = step.resources()
    _jsonl(tmp_path / "a.jsonl", [{"question": QUESTION + " Tell us."}])
    assert step.resources() != before


@pytest.mark.parametrize(
    "text", ["", "one", "Don't stop — go! 漢字 ก็ e\u0301a 한국어는 1,000", "a" * 300, "\ud800 x y"]
)
def test_bounds_are_those_of_shingles(text: str) -> None:
    words, characters = overlap.word_bounds(text), overlap.character_bounds(text)
    data = text.encode("utf-8", "surrogatepass")
    assert len(words) == len(minhash.word_shingles(text, 1))
    assert len(characters) == len(minhash.character_shingles(text, 1))
    for (start, end), value in zip(words.tolist(), minhash.word_shingles(text, 1).tolist(), strict=True):
        part = data[start:end].decode("utf-8", "surrogatepass")
        assert np.array_equal(minhash.word_shingles(part, 1), np.array([value], dtype=np.uint64))
