"""Code in texts: which spans, where they are in bytes and in characters, in linear time."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.document import Document
from filters.text.code import FENCED, INLINE, LINES, MARKUP, code_spans
from tests.linear import grows_linearly, repeated


def spans(text):
    found = code_spans(text)
    return [(kind, text[start:end]) for start, end, kind in zip(found.starts, found.ends, found.kinds, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`a`와 ``b ` c``", [(INLINE, "`a`"), (INLINE, "``b ` c``")]),
        ("don`t say @kim, it`s late", []),
        ("``quoted'' and ``more'' of it", []),
        ("one ` alone\nand ` another", []),
        ("앞\n```python\nx\n\ny\n```\n뒤", [(FENCED, "```python\nx\n\ny\n```")]),
        ("~~~\nnever closed\n\nto the end", [(FENCED, "~~~\nnever closed\n\nto the end")]),
        ("````\n```\n````\nout", [(FENCED, "````\n```\n````")]),
        ("> ```\n> x\n> ```\nout", [(FENCED, "> ```\n> x\n> ```")]),
        ("클래스 A의 함수는 A::f()처럼 부른다.", [(INLINE, "A::f()")]),
        ("그 값은 node->next에 있다.", [(INLINE, "node->next")]),
        (">>> x\n1\n>>> y\n2\n\nProse goes on here.", [(LINES, ">>> x\n1\n>>> y\n2")]),
        ("as follows::\n\n    some text\n    more\n\nback here now", [(LINES, "    some text\n    more")]),
        ("attn = q@k.transpose(-2, -1)", [(LINES, "attn = q@k.transpose(-2, -1)")]),
        ("def f(x):\n    return x\n\n함수를 부른다.", [(LINES, "def f(x):\n    return x")]),
        ("# 모델을 만든다\nmodel = Net()\n", [(LINES, "# 모델을 만든다\nmodel = Net()")]),
        ('print("안녕하세요 여러분 반갑습니다")', [(LINES, 'print("안녕하세요 여러분 반갑습니다")')]),
        ("p {\n  text-align: start;\n}", [(LINES, "p {\n  text-align: start;\n}")]),
        ('{\n  "key": "value",\n  "b": 3\n}', [(LINES, '{\n  "key": "value",\n  "b": 3\n}')]),
        ("on:\n  push:\n    - main\n", [(LINES, "on:\n  push:\n    - main")]),
        ("from torch import nn", [(LINES, "from torch import nn")]),
        ("$ pip install curate", [(LINES, "$ pip install curate")]),
        ('<a href="x">\n글', [(MARKUP, '<a href="x">')]),
    ],
)
def test_code(text, expected):
    assert spans(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Plain words, and 한국어 문장입니다.",
        "the making of a contract (including renewals);\nthe end of it (see below);",
        "Tel: 02-123-4567\nEmail: a@example.com",
        "https://example.com/?a=b&c=d&e=f;",
        "@user_a(홍길동)님 @user_b==@user_c",
        "$ 100 and 3 -> 4",
        "Note: import duties rose, and so on.\nimport duties rose in spring",
        ">>> On Monday somebody of the group wrote this",
        "`use a::b` 까지만 작성한 뒤",
        "<p>A sentence of many words between the tags of a paragraph is prose.</p>",
        "note: one key alone",
    ],
)
def test_no_code(text):
    assert [kind for kind, _ in spans(text) if kind != INLINE] == []


def test_offsets_and_questions():
    text = "한글 `코드` 뒤\nx = f(é)\n끝"
    found = Document("d", text).derive(code_spans)
    data = text.encode()
    assert [text[a:b] for a, b in zip(found.starts, found.ends, strict=True)] == ["`코드`", "x = f(é)"]
    assert [data[a:b].decode() for a, b in zip(found.byte_starts, found.byte_ends, strict=True)] == [
        "`코드`",
        "x = f(é)",
    ]
    tick, line = text.index("`"), text.index("x =")
    assert found.touches(tick, tick + 1) == INLINE
    assert found.touches(0, tick) == 0
    assert found.touches(tick + 4, line + 1) == LINES
    assert found.touches(len(text) - 1, len(text)) == 0
    assert found.touches_bytes(data.index(b"`"), data.index(b"`") + 1) == INLINE
    assert found.touches_bytes(0, data.index(b"`")) == 0
    assert found.outside([(0, tick), (0, tick + 1), (line, line + 1), (len(text) - 1, len(text))]) == [
        (0, tick),
        (len(text) - 1, len(text)),
    ]
    whole = [span for *span, kind in zip(found.starts, found.ends, found.kinds, strict=True) if kind != INLINE]
    assert whole == [[line, line + 8]]
    assert found.within(0, line) == [(tick, tick + 4)]


SIGNS = "` `` ``` ~~~ :: -> a 가 é 😀 f( ) ; { } key: - # \" ' // /* <a > . 0"
PIECES = st.sampled_from(
    [*SIGNS.split(), "\n", "\n\n", "    ", "\t", " ", "x = ", ">>> ", "import ", "from ", "\ud800"]
)


@settings(max_examples=300, deadline=None)
@given(text=st.lists(PIECES, max_size=30).map("".join))
def test_spans_are_ordered_disjoint_and_agree_in_bytes_and_characters(text):
    found = code_spans(text)
    position = 0
    for a, b, start, end, kind in zip(*found, strict=True):
        assert position <= start < end <= len(text)
        assert len(text[:start].encode("utf-8", "surrogatepass")) == a
        assert len(text[:end].encode("utf-8", "surrogatepass")) == b
        assert kind in (FENCED, LINES, MARKUP, INLINE)
        position = end


UNITS = [
    "`",
    "``a`",
    "a` ",
    "```\n",
    "~~~\n````\n",
    "a::b",
    "::",
    "a->",
    "x = 1\n",
    "key: a\n",
    "# a\n",
    "(",
    "'",
    '="',
    "a\n\n",
]


@pytest.mark.parametrize("unit", UNITS)
def test_linear(unit):
    assert grows_linearly(code_spans, repeated(unit), 40_000)


def test_prose_is_no_code(shared_data):
    """Novels and news hold none."""
    for name in ("en/gutenberg", "ko/news_dps"):
        with gzip.open(shared_data / "prose" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as rows:
            found = [span for row in rows for span in spans(json.loads(row)["text"])]
        assert [text for kind, text in found if kind != INLINE] == []
        assert len(found) <= 5
