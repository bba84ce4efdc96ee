"""Hosts and sources that lose nearly all of their documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.corpus import losing
from pipelines.corpus.losing import Losses, is_losing, losses, places, together


@pytest.mark.parametrize(
    ("documents", "lost", "losing"),
    [(20, 20, True), (20, 19, False), (19, 19, False), (100, 96, True), (100, 95, False)],
)
def test_what_counts_as_nearly_all(documents: int, lost: int, losing: bool) -> None:
    assert is_losing(Losses(documents, lost)) == losing


def test_losses_of_parts_add_up_in_any_order() -> None:
    urls = [f"http://www.a.example/{number}" for number in range(8)]
    sources = ["one.jsonl"] * 8
    gone = [(number, (100 - number, f"id{number}", "kept")) for number in range(6)]
    whole = losses(urls, sources, gone)
    halves = [
        losses(urls[:4], sources[:4], gone[:4]),
        losses(urls[4:], sources[4:], [(number - 4, one) for number, one in gone[4:]]),
    ]
    assert set(whole) == {("host", "a.example"), ("source", "one.jsonl")}
    for place, found in whole.items():
        assert found == together(part[place] for part in halves) == together(part[place] for part in halves[::-1])
        assert (found.documents, found.lost) == (8, 6)
        assert [one[1] for one in found.examples] == ["id5", "id4", "id3"]


@pytest.mark.parametrize("url", ["", "no address", "http://[broken", "mailto:a"])
def test_a_document_without_a_host_counts_for_its_source_alone(url: str) -> None:
    assert places(url, "one.jsonl") == (("source", "one.jsonl"),)


@given(st.text("htp:/w.a@b[]?#\\\t -é9", max_size=14), st.sampled_from(["", "http://", "HTTPS://www."]))
def test_hosts_are_those_of_whole_addresses(rest: str, start: str) -> None:
    assert losing.host(start + rest) == losing._parsed(start + rest)
