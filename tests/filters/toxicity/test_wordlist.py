"""Abusive words by list: where they match, what is allowed, what the rules decide."""

import gzip
import json
import math
from pathlib import Path

import pytest

from filters import make
from filters.contracts import ResourceError, SettingsError
from filters.document import Document
from filters.rules import decide
from filters.toxicity.entries import finder, read_entries
from filters.toxicity.wordlist import LISTS, WordList


def scores(judge: WordList, text: str, language: str = "") -> tuple[float, float]:
    notes = {"language": language} if language else {}
    signals = judge.open()(Document("1", text, notes=notes)).signals
    assert sorted(signals) == ["hits", "share"]
    return signals["hits"], signals["share"]


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("what a load of shit", 1),
        ("Shit! SHIT? shit", 3),  # neighbours share the character between them
        ("shitake mushrooms, a class of assassins", 0),
        ("shit2 _shit_", 2),  # the boundary is a letter, not \b
        ("shité shitя", 0),
        ("씨shit발", 0),
        ("son of a\n  bitch", 1),  # one phrase, and "bitch" not again
        ("", 0),
    ],
)
def test_english_words_match_between_non_letters(text: str, hits: int) -> None:
    assert scores(WordList(), text, "en")[0] == hits


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("병신들이라고는", 1),
        ("야이씨발놈아", 1),
        ("시발점에서 다시발전하는 도시", 0),
        ("시발점에서 시발", 1),
        ("그 배우는 8등신이다", 0),
        ("이 등신아", 1),
        ("마음을 고쳐먹었다", 0),
        ("쳐먹는다", 1),
        ("전염병이 돌았다", 0),
        ("\u110a\u1175\u1107\u1161\u11af", 1),  # decomposed (NFD)
    ],
)
def test_korean_words_match_inside_words_but_for_the_allow_list(text: str, hits: int) -> None:
    assert scores(WordList(), text, "ko")[0] == hits


def test_share_is_of_words() -> None:
    assert scores(WordList(), "one two three shit", "en") == (1, 0.25)
    assert scores(WordList(), "you son of a bitch", "en") == (1, 0.8)
    assert scores(WordList(), "씨발지랄좆", "ko") == (3, 1.0)  # three hits in one word


def test_language_chooses_the_list() -> None:
    text = "shit 씨발"
    assert scores(WordList(), text, "en")[0] == 1
    assert scores(WordList(), text, "ko")[0] == 1
    assert scores(WordList(), text)[0] == 2
    assert scores(WordList(), text, "und")[0] == 2
    assert all(math.isnan(value) for value in scores(WordList(), text, "fr"))


def test_own_lists(tmp_path: Path) -> None:
    (tmp_path / "ja").write_text("グロ\n馬鹿\nsm\n", encoding="utf-8")
    (tmp_path / "de").write_text("# Kommentar\nScheiße\nblöde  Kuh\n", encoding="utf-8")
    judge = WordList(lists={"ja": str(tmp_path / "ja"), "de": str(tmp_path / "de")})
    judge.check()
    assert scores(judge, "この馬鹿はグロいsm", "ja")[0] == 1  # C4 takes the other two out
    assert scores(judge, "SCHEISSE scheiße Scheißer", "de")[0] == 1  # lower case only, no folding of ß
    assert scores(judge, "Blöde\nKuh, Kommentar", "de")[0] == 1
    assert set(judge.resources()) == {"lists.ja", "lists.de", "allow.ja"}


def test_rules_at_the_thresholds() -> None:
    judge = WordList(max_share=0.25, max_hits=1)
    for signals, rule in [
        ({"hits": 1.0, "share": 0.25}, None),
        ({"hits": 1.0, "share": 0.26}, "listed_words_share"),
        ({"hits": 2.0, "share": 0.25}, "listed_words"),
        ({"hits": math.nan, "share": math.nan}, None),
    ]:
        drop = decide(judge.rules("en"), signals, {})
        assert (drop.rule if drop else None) == rule
    assert WordList(max_share=None).rules() == ()
    strict = WordList(max_share=None, max_hits=0)  # 0 is a limit
    assert decide(strict.rules(), {"hits": 1.0, "share": 0.0}, {}) is not None
    assert decide(strict.rules(), {"hits": 0.0, "share": 0.0}, {}) is None
    assert strict.scoring_key() == WordList().scoring_key()


def test_lists_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n# nothing\n")
    (tmp_path / "latin1").write_bytes("dépravé\n".encode("latin-1"))
    for name, message in [("absent", "cannot read"), ("empty", "no entry"), ("latin1", "not UTF-8")]:
        with pytest.raises(ResourceError, match=message):
            WordList(lists={"fr": str(tmp_path / name)}).check()
    with pytest.raises(ResourceError, match="cannot read"):
        WordList(lists={"fr": "default"}).check()
    with pytest.raises(SettingsError, match="max_share"):
        make("toxicity/wordlist", {"max_share": 2})


def test_shipped_lists_are_consistent() -> None:
    """No entry stands twice, and every allow entry for Korean holds a hit, else it does nothing."""
    for name in ("ko.txt", "en.txt", "ko_allow.txt"):
        lines = [line for line in (LISTS / name).read_text(encoding="utf-8").splitlines() if line]
        assert len(lines) == len(set(lines))
    find = finder(read_entries(LISTS / "ko.txt", "ko"), (), anywhere=True)
    for entry in read_entries(LISTS / "ko_allow.txt", "ko").words:
        assert find(entry.encode()), entry


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("시발 열차는 다섯 시에 떠난다. 경부선은 서울역을 시발로 한다.", 0),
        ("아 시발 진짜", 1),
        ("그런 짓을 하다니 시발", 1),
        ("그 새끼 오리가 자랐다. 이 새끼들은 어미 젖을 먹는다.", 0),
        ("병신년 정월, 질병신고와 장병신상", 0),
        ("병신 같은 놈, 병신년아", 2),
        ("자음은 ㄱㄴㄷㄹㅁㅂㅅㅇㅈ이고 받침은 ㅄ, ㄳ이다", 0),
        ("ㅋㅋㅂㅅ아", 1),
        ("서랍을 샅샅이 뒤져라", 0),
        ("이 씨발아 서랍을 뒤져라", 2),
        ("화염병, 감염병, 들이닥쳐", 0),
    ],
)
def test_everyday_korean_words_need_company(text: str, hits: int) -> None:
    assert scores(WordList(), text, "ko")[0] == hits


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("They saddled the ass; retarded potentials; a dyke holds dykes; pricks and hoes; faggots of wood", 0),
        ("pussy willows, a pussy-cat and spic and span", 0),
        ("you retarded dyke", 2),  # one of whom it is said, the other beside it
        ("lol what an ass", 1),
        ("these hoes be mad", 1),
        ("an ass, " + "x" * 200 + " fuck", 1),  # too far
    ],
)
def test_everyday_english_words_need_company(text: str, hits: int) -> None:
    assert scores(WordList(), text, "en")[0] == hits


def test_patterns_of_a_list(tmp_path: Path) -> None:
    (tmp_path / "de").write_text("/{<}(b[oö]se){>}/\nschlimm\n?mist\n&verdammt\n", encoding="utf-8")
    judge = WordList(lists={"de": str(tmp_path / "de")})
    assert scores(judge, "böse, bose bosen", "de")[0] == 2
    assert scores(judge, "Mist" + " x" * 100 + " schlimm", "de")[0] == 1
    assert scores(judge, "verdammter Mist, verdammt", "de")[0] == 1
    for line, message in [
        ("/(a/", "cannot read"),
        ("/a/", "one group"),
        ("/(a)(b)/", "one group"),
        ("/(a*)/", "empty"),
    ]:
        (tmp_path / "bad").write_text(f"gut\n{line}\n", encoding="utf-8")
        with pytest.raises(ResourceError, match=rf"lists.fr \(bad\), line 2: .*{message}"):
            WordList(lists={"fr": str(tmp_path / "bad")}).check()


def test_any_text_gets_a_decision() -> None:
    judge = WordList().open()
    for text in ["", "   \n", "😀" * 10, "a\0b", "\ud800 shit", "a" * 1_000_000, "ㅅ" * 100_000]:
        assert set(judge(Document("1", text)).signals) == {"hits", "share"}


def test_warns_about_languages_without_a_list() -> None:
    assert WordList().warnings(("en", "ko", "und")) == ()
    assert "fr" in WordList().warnings(("en", "fr"))[0]


def test_clean_korean_prose_has_next_to_no_hits(shared_data: Path) -> None:
    judge = WordList().open()
    hits = characters = 0
    for name in ("news_dps", "rust_book", "vue_docs", "hf_course"):
        with gzip.open(shared_data / "prose" / "ko" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                text = json.loads(line)["text"]
                hits += judge(Document("1", text, notes={"language": "ko"})).signals["hits"]
                characters += len(text)
    assert characters > 2_000_000
    assert hits <= 5


def test_public_lists_load(shared_data: Path) -> None:
    folder = shared_data / "wordlists" / "ldnoobw"
    lists = {path.name[:2]: str(path) for path in folder.iterdir() if len(path.name) == 2}
    judge = WordList(lists=lists)
    judge.check()
    assert len(lists) == 24
    assert scores(judge, "fuck this", "en")[0] == 1
    assert scores(judge, "가능성의 자지 않는", "ko")[0] == 1  # a list made for whole words: Korean needs another
