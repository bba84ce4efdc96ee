"""Addresses: DCLM's exact hosts, strict substrings, hard words, and two soft words."""

import gzip
import math
from pathlib import Path

import pytest

import filters
from filters.contracts import ResourceError, SettingsError
from filters.document import Document
from filters.quality.url import Url
from filters.rules import failing


@pytest.fixture
def lists(tmp_path: Path) -> dict[str, str]:
    entries = {
        "domains": "# hosts\nbad.example\nwww.worse.example\n",
        "strict": "badword\n나쁜말\n",
        "hard": "hard\nbig-win\n도박\n",
        "soft": "soft\nmild\n성인\n",
    }
    for name, text in entries.items():
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    return {name: str(tmp_path / f"{name}.txt") for name in entries}


def failed(judge: Url, url: str) -> set[str]:
    return {rule.rule for rule in failing(judge.rules(), judge.open()(Document("1", "", url)).signals, {})}


@pytest.mark.parametrize(
    ("url", "rules"),
    [
        ("https://good.example/page", set()),
        ("https://bad.example/page", {"banned_domain"}),
        ("https://www.bad.example:8080/page", {"banned_domain"}),
        ("http://user@BAD.example./", {"banned_domain"}),
        ("https://worse.example/", {"banned_domain"}),
        ("https://sub.bad.example/", set()),  # exact hosts only
        ("https://notbad.example/", set()),
        ("https://good.example/a-bad-word.html", {"strict_words"}),  # '-' and '.' are ignored
        ("https://good.example/xBADWORDx", {"strict_words"}),
        ("https://good.example/hard/", {"hard_words"}),
        ("https://good.example/a-hard-case", {"hard_words"}),
        ("https://good.example/harder", set()),
        ("https://good.example/hard_case", set()),  # an underscore is part of a word
        ("https://good.example/my-big-win.html", {"hard_words"}),
        ("https://good.example/my-big-wins.html", set()),
        ("https://good.example/soft", set()),
        ("https://good.example/soft-soft", set()),  # the same word twice is one
        ("https://good.example/soft-and-mild", {"soft_words"}),
        ("https://good.example/%EB%82%98%EC%81%9C%EB%A7%90%EB%93%A4", {"strict_words"}),  # 나쁜말들
        ("https://good.example/도박-이야기", {"hard_words"}),
        ("https://good.example/도박장", set()),
        ("https://bad.example/badword/hard/soft/mild", {"banned_domain", "strict_words", "hard_words", "soft_words"}),
        ("not an address", set()),
        ("http://[half", set()),
        ("https://good.example/\ud800", set()),
    ],
)
def test_semantics(lists: dict[str, str], url: str, rules: set[str]) -> None:
    assert failed(Url(**lists), url) == rules  # type: ignore[arg-type]


def test_thresholds_from_both_sides(lists: dict[str, str]) -> None:
    two, three = "https://x.example/soft-mild", "https://x.example/soft-mild-성인"
    assert [failed(Url(**lists, max_soft=2), url) for url in (two, three)] == [set(), {"soft_words"}]  # type: ignore[arg-type]
    assert failed(Url(**lists, max_soft=0), "https://x.example/soft") == {"soft_words"}  # type: ignore[arg-type]
    assert failed(Url(**lists, max_soft=None), three) == set()  # type: ignore[arg-type]
    assert failed(Url(**lists, max_hard=1), "https://x.example/hard") == set()  # type: ignore[arg-type]
    assert failed(Url(**lists, max_strict=1), "https://x.example/badword") == set()  # type: ignore[arg-type]


def test_lists_can_be_off_and_hosts_added(lists: dict[str, str]) -> None:
    judge = Url(domains=None, strict=None, hard=None, soft=None, extra_domains=("ko.wikipedia.org", "한국.example"))
    judge.check()
    assert failed(judge, "https://ko.wikipedia.org/wiki/x") == {"banned_domain"}
    assert failed(judge, "https://한국.example/") == {"banned_domain"}
    assert failed(judge, "https://bad.example/badword") == set()
    assert failed(Url(**lists, subdomains=True), "https://a.b.bad.example/") == {"banned_domain"}  # type: ignore[arg-type]
    assert failed(Url(**lists, decode=False), "https://x.example/%68ard") == set()  # type: ignore[arg-type]
    assert failed(Url(**lists), "https://x.example/%68ard") == {"hard_words"}  # type: ignore[arg-type]


def test_a_document_without_an_address_is_not_judged() -> None:
    signals = Url().open()(Document("1", "text")).signals
    assert all(math.isnan(value) for value in signals.values())
    assert failed(Url(), "") == set()


def test_default_lists() -> None:
    Url().check()
    assert failed(Url(), "https://www.xvideos.com/") == {"banned_domain"}
    assert "strict_words" in failed(Url(), "https://x.example/온라인-카지노")
    for url in (
        "https://news.example/essex-council",
        "https://health.example/sex-education",
        "https://ko.example/성인-교육",
    ):
        assert failed(Url(), url) == set()


def test_files_may_be_gzipped(tmp_path: Path) -> None:
    path = tmp_path / "domains.gz"
    path.write_bytes(gzip.compress(b"bad.example\n"))
    judge = Url(domains=str(path))
    judge.check()
    assert failed(judge, "https://bad.example/") == {"banned_domain"}


_DAMAGED = gzip.compress(b"bad.example\n" * 99, mtime=0)[:12] + b"\xff" * 9  # zlib.error, not OSError


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"", b"# only a comment\n", b"\x1f\x8bcut", _DAMAGED])
def test_a_list_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ResourceError, match="hard"):
        Url(hard=str(path)).check()


def test_resources_follow_the_content(lists: dict[str, str]) -> None:
    before = Url(**lists).resources()  # type: ignore[arg-type]
    Path(lists["hard"]).write_text("other\n", encoding="utf-8")
    after = Url(**lists).resources()  # type: ignore[arg-type]
    assert set(before) == {"domains", "strict", "hard", "soft"}
    assert before["soft"] == after["soft"] and before["hard"] != after["hard"]


def test_warnings() -> None:
    assert "fr" in Url().warnings(("fr",))[0]
    assert Url(domains=None, strict=None, hard=None, soft=None).warnings(("fr",)) == ()
    with pytest.raises(SettingsError, match="max_soft"):
        filters.make("quality/url", {"max_soft": -1})
