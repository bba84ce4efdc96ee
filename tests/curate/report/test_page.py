"""The report as a page and as Markdown: whatever the data holds, it is text."""

import base64
import csv
import hashlib
import json
import re
import sys
import zlib
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from curate.report import charts as charts_module
from curate.report.chart import MIDDLE, SLIM, SMALL, WIDE
from curate.report.charts import charts, write_figures
from curate.report.page import render_html, render_markdown, run_report
from curate.report.text import shown
from filters.contracts import ResourceError
from tests.curate.report import hostile
from tests.curate.running_tools import go, recipe, write_rows

ALLOWED_LINKS = re.compile(r"^(data:,|#[a-z]+)$")
ADDRESSES = {"src", "href", "action", "data", "poster", "srcset", "background", "formaction", "xlink:href"}


class _Elements(HTMLParser):
    """Collects elements and text as a browser would."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, {name: value or "" for name, value in attributes}))

    def handle_data(self, data):
        (self.scripts if self.elements and self.elements[-1][0] == "script" else self.text).append(data)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return hostile.report(tmp_path_factory.mktemp("hostile"))


def test_nothing_of_the_data_becomes_markup(report):
    html = render_html(report)
    page = _Elements()
    page.feed(html)
    tags = {tag for tag, _ in page.elements}
    assert [tag for tag, _ in page.elements].count("script") == 1  # the project's own
    assert not tags & {"img", "iframe", "object", "embed", "form", "base"}
    for tag, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes), tag
        for name in ADDRESSES & set(attributes):
            assert ALLOWED_LINKS.match(attributes[name]), (tag, attributes[name])
    assert sum(tag == "style" for tag, _ in page.elements) == 1
    text = "".join(page.text)
    for part in (hostile.SCRIPT, hostile.STYLE, "⟨U+202E⟩", "⟨U+200B⟩", "{{ 7 * 7 }}", "한국어 문장입니다."):
        assert part in text
    assert not re.search("[\u0000-\u0008\u202a-\u202e\u2066-\u2069]", html)
    assert len(html) < 2_000_000
    html.encode("utf-8")
    policy = next(a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    script = page.scripts[0]
    assert f"script-src 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}';" in policy
    assert not re.search(r"innerHTML|insertAdjacent|document\.write|eval|fetch|XMLHttp|import", script)


def test_charts_that_have_figures_are_drawn(report):
    drawn = charts(report)
    assert {"arms", "funnel", "overlap", "cost", "slices domain", "slices length"} <= set(drawn)
    assert sum(name.startswith("gold ") for name in drawn) == 2
    assert {name for name in drawn if name.startswith("sweep ")} == {
        "sweep tests.strategies.Characters.least",
        "sweep quality/gopher.min_words",
    }
    for chart in drawn.values():
        assert not re.findall(r'\bid="|url\(', chart.page())


def test_labels_are_of_12_pixels_and_within_the_drawing(report):
    for chart in charts(report).values():
        for width in (SMALL,) if chart.small else (WIDE, MIDDLE, SLIM):
            root = ElementTree.fromstring(chart.svg(width))
            assert float(root.get("width")) <= width + 1, (chart.name, width)  # it would be shrunk to fit
            assert all(float(text.get("font-size")) >= 12 for text in root.iter("{*}text"))


def test_figures_are_files_of_their_own(report, tmp_path):
    written = write_figures(report, tmp_path / "figures")
    assert sorted(written) == sorted((tmp_path / "figures").iterdir())
    assert len(written) == 2 * len(charts(report))
    for path in written:
        assert path.parent == tmp_path / "figures"
        if path.suffix == ".svg":
            ElementTree.fromstring(path.read_bytes())
        else:
            head, *rows = csv.reader(path.read_text("utf-8").splitlines())
            assert rows and all(len(row) == len(head) for row in rows)


def test_figures_as_pdf(report, tmp_path):
    pytest.importorskip("weasyprint")
    one = dict(list(charts(report).items())[:1])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(charts_module, "charts", lambda _: one)
        svg, _, pdf = write_figures(report, tmp_path, pdf=True)
    assert [path.suffix for path in (svg, pdf)] == [".svg", ".pdf"]
    written = pdf.read_bytes()
    assert written.startswith(b"%PDF-")
    streams = re.findall(rb"\nstream\n(.*?)\nendstream\n", written, re.DOTALL)
    written = b"\n".join(zlib.decompress(stream) for stream in streams)
    assert re.search(rb"/Count 1\b", written)  # one page, as large as the drawing
    size = [float(ElementTree.parse(svg).getroot().get(name)) * 0.75 for name in ("width", "height")]  # points
    box = re.search(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", written)
    assert [float(side) for side in box.groups()] == pytest.approx(size, abs=0.1)


def test_pdf_without_its_package_names_the_extra_and_writes_nothing(report, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(ResourceError, match=r"^PDF needs the package weasyprint, .*'curate-lm-text\[pdf\]'$"):
        write_figures(report, tmp_path / "figures", pdf=True)
    assert not (tmp_path / "figures").exists()


def test_charts_without_figures_are_left_out(report):
    bare = json.loads(json.dumps(report))
    bare["gold"], bare["proxy"], bare["sweeps"], bare["slices"] = [], None, [], {}
    bare["agreement"] = None
    bare["arms"] = bare["arms"][:1]
    for arm in bare["arms"]:
        arm["cpu_seconds"], arm["stages"] = {}, []
    bare["attribution"]["overlap"] = {"rules": [], "documents": []}
    assert charts(bare) == {}
    assert "There is no other arm." in render_html(bare)


def test_markdown_is_text_in_tables(report):
    markdown = render_markdown(report)
    assert "<script>" not in markdown.replace("\\<script\\>", "")
    assert "\u202e" not in markdown
    assert "x" * 1000 not in markdown
    for line in markdown.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    tables = re.split(r"\n(?!\|)", markdown)
    for table in tables:
        rows = [line for line in table.strip().splitlines() if line.startswith("|")]
        widths = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
        assert len(widths) <= 1, table[:200]


def test_a_report_survives_json(report):
    again = json.loads(json.dumps(report))
    assert render_markdown(again) == render_markdown(report)


def test_a_run(tmp_path):
    inputs = [write_rows(tmp_path / "a.jsonl", ["한국어 문장 하나.", "a", hostile.SCRIPT * 3])]
    result = go(
        recipe("tests.strategies.Body", {"tests.strategies.Characters": {"least": 5}}), inputs, tmp_path / "out"
    )
    found = run_report(result)
    assert len(found["summary"]) == 3
    assert "Of 3 records in 1 file, 2 were kept (66.7 %)." in found["summary"]
    html = render_html(found)
    assert "too_short&nbsp;1" in html
    assert "3 read = 2 kept + 1 dropped + 0 failed" in html
    assert "| tests.strategies.Characters | 3 | 2 | 1 | 0 |" in render_markdown(found)
    broken = run_report({**result, "conserved": False})
    assert "does NOT add up" in broken["summary"][2]
    assert "is NOT" in render_html(broken)


def test_a_run_tells_what_was_edited_and_cut(tmp_path):
    texts = ["같은 줄이다.\n하나 <br> 더.", "같은 줄이다.\n둘.", "같은 줄이다."]
    stages = ["cleanup/klue", "dedup/lines", {"cleanup/sentences": {"emit": "sentences"}}]
    result = go(recipe(*stages), [write_rows(tmp_path / "a.jsonl", texts)], tmp_path / "out")
    assert (result["kept"], result["kept_rows"]) == (3, 4)
    for page in (render_html(run_report(result)), render_markdown(run_report(result))):
        assert re.search(r"\bhtml(?: |&nbsp;)[0-9]", page) and "repeated-line" in page
        assert re.search(r"4 rows in kept/", page)
    assert "2 of 3 documents were cut; 2 of 6 lines were removed." in render_html(run_report(result))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("zero\u200bwidth", "zero⟨U+200B⟩width"),
        ("soft\u00adhyphen", "soft⟨U+00AD⟩hyphen"),
        ("\ud800", "⟨U+D800⟩"),
        ("nul\x00", "nul⟨U+0000⟩"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("한국어 ㅋㅋ 漢字", "한국어 ㅋㅋ 漢字"),
        (None, "None"),
    ],
)
def test_what_is_hidden_is_shown(text, expected):
    assert shown(text) == expected


def test_long_texts_are_cut():
    assert shown("y" * 1_000_000) == "y" * 400 + "… (1,000,000 characters)"
    assert shown("y" * 400) == "y" * 400
