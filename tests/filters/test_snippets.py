"""Marked changes: together they give both texts, they are short, and no value is in them."""

from hypothesis import given
from hypothesis import strategies as st

import filters
from filters.chain import opened
from filters.document import Document, Drop
from filters.snippets import HIDDEN, Concealer, Piece, Window, around_change, difference, excerpt, marked, shortened

TEXTS = st.text(alphabet="ab 가나\n.#", max_size=60)
EMAIL, PHONE = "secret-canary@example.com", "010-9999-8888"


def _side(pieces, kind):
    return "".join(piece.text for piece in pieces if piece.kind in ("same", kind))


@given(TEXTS, TEXTS)
def test_the_pieces_of_a_difference_are_the_two_texts(before, after):
    for whole in (False, True):
        pieces = difference(before, after, whole)
        assert (_side(pieces, "removed"), _side(pieces, "added")) == (before, after)
        assert all(piece.text for piece in pieces)


def test_many_changed_words_are_compared_line_by_line():
    lines = [f"line {number} says {7 * number} things\n" for number in range(2_000)]
    before, after = "".join(lines), "".join(lines[:5] + lines[700:])
    pieces = difference(before, after)
    assert [piece.kind for piece in pieces] == ["same", "removed", "same"]
    assert pieces[1].text == "".join(lines[5:700])


def test_where_only_lines_went_lines_are_marked():
    lines = [
        "주민들은 빈 가게를 열기로 했다.",
        "처음 하는 일이다.",
        "학교에서는 담장을 열기로 했다.",
        "처음 하는 일이다.",
    ]
    gone = difference("\n".join(lines), lines[2])
    assert marked(gone) == f"[-{lines[0]}\n{lines[1]}\n-]{lines[2]}[-\n{lines[3]}-]"


def test_a_korean_change_is_marked_by_word():
    pieces = difference(
        "안녕하세요. 날씨가 좋네요 #날씨 #좋다 ㅋㅋㅋㅋㅋ 그래요", "안녕하세요. 날씨가 좋네요 ㅋㅋ 그래요"
    )
    assert marked(pieces) == "안녕하세요. 날씨가 좋네요 [-#날씨 #좋다 ㅋㅋㅋㅋㅋ-]{+ㅋㅋ+} 그래요"


@given(TEXTS, TEXTS, st.integers(20, 60))
def test_a_shortened_change_is_short_and_shows_the_change(before, after, most):
    pieces = shortened(difference(before, after), most)
    shown = [piece for piece in pieces if piece.kind != "gap"]
    assert sum(len(piece.text) for piece in shown) <= most + 2  # an ellipsis within each of the two sides of a change
    assert any(piece.kind in ("removed", "added") for piece in pieces) == (before != after)


def test_windows_around_a_change_are_bounded_and_hold_it():
    lines = [f"line {number} says {7 * number} things\n" for number in range(20_000)]
    whole, cut = "".join(lines), "".join(lines[:100] + lines[15_000:])
    for before, after in ((whole, cut), (cut, whole), (whole, whole.replace("line 500 ", "row 500 "))):
        windows = around_change(before, after)
        assert all(len(window.text) < 20_000 for window in windows)
        pieces = difference(*(window.text for window in windows))
        assert shortened(pieces)
    removed = shortened(difference(*(window.text for window in around_change(whole, cut))))
    assert [piece.kind for piece in removed if piece.kind != "gap"] == ["same", "removed", "same"]
    assert removed[-2].text.startswith("line 15000")


def test_personal_data_is_not_shown_whichever_stage_changed_the_text():
    before = f"연락처는 {PHONE}이고   메일은 {EMAIL}으로 주세요. " * 40
    concealer = Concealer()
    cleaned = before.replace("   ", " ")
    document = Document("id", before, notes={"language": "ko"})
    shown = marked(concealer.change(document, *around_change(before, cleaned)))
    assert "<PHONE>이고[-   -]{+ +}메일은 <EMAIL>" in shown
    replaced = opened(filters.make("pii/patterns", {"types": ["email"]}))(document)
    hidden = marked(concealer.change(document, *around_change(before, replaced.text), hides=True))
    assert f"<PHONE>이고   메일은 [-{HIDDEN}-]" in hidden
    for text in (shown, hidden, concealer.excerpt(document)):
        assert EMAIL not in text and PHONE not in text and "canary" not in text and len(text) < 300


def test_what_a_recipe_conceals_is_concealed_in_what_is_shown():
    own = filters.make("pii/patterns", {"extra": {"employee": "EMP-[0-9]{4}"}})
    document = Document("id", "the badge EMP-1234 was found")
    assert "EMP-1234" in Concealer().excerpt(document)
    assert Concealer([own]).excerpt(document) == "the badge <EMPLOYEE> was found"


def test_a_text_that_cannot_be_searched_is_not_shown():
    class Broken:
        def open(self):
            return self

        def __call__(self, document):
            raise ValueError(document.text)

    class Dropping(Broken):
        def __call__(self, document):
            return Drop("drop_above", 6, 5)

    for strategy in (Broken(), Dropping()):
        concealer = Concealer([strategy])
        assert concealer.excerpt(Document("id", "text")) == ""
        assert concealer.change(Document("id", "a"), Window("a"), Window("b")) == []


def test_an_edge_that_may_hold_part_of_a_value_is_not_shown():
    text = "x " * 9_980 + " call " + EMAIL + " or " + EMAIL  # the cut after 20,000 characters is within a value
    assert "canary" not in Concealer().excerpt(Document("id", text), most=30_000)


def test_an_excerpt_says_that_the_text_goes_on():
    assert excerpt("short") == "short"
    assert excerpt("word " * 100, 20) == "word word word word…"
    assert Piece("gap", "…").kind == "gap"
