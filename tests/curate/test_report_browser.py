"""The report in a headless browser: only its own script runs, nothing is fetched or broken, and all folds open."""

import json
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curate.report.page import render_html, run_report
from tests.curate.report import hostile
from tests.curate.running_tools import go, recipe, write_rows

websocket = pytest.importorskip("websocket", reason="the package websocket-client is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-allow-origins=*",
    "--remote-debugging-port=0",
)  # fmt: skip


class Page:
    """One tab of a browser, spoken to over the DevTools protocol; notes what the console and the network say."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=60)
        self._number = 0
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """The answer to a command."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            found = json.loads(self._socket.recv())
            if found.get("id") == self._number:
                assert "error" not in found, found
                return found["result"]
            self.events.append(found)

    def open(self, path: Path) -> None:
        """Open a file and wait for it to be loaded."""
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        deadline = time.monotonic() + 60
        while self.value("document.readyState") != "complete" or self.value("location.protocol") != "file:":
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def value(self, expression: str) -> Any:
        """The value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def troubles(self) -> list[dict[str, Any]]:
        """Console messages, errors, and requests beside that for the file itself (data: addresses fetch nothing)."""
        wrong = []
        for event in self.events:
            kind, what = event.get("method"), event.get("params", {})
            if kind in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
                wrong.append(event)
            if kind == "Network.requestWillBeSent" and what.get("type") != "Document":
                wrong += [] if what["request"]["url"].startswith("data:") else [event]
        return wrong

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    profile = tmp_path_factory.mktemp("profile")
    log = profile / "stderr"
    with log.open("w") as errors:
        browser = subprocess.Popen([CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"], stderr=errors)
    try:
        port = _port(log, browser)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=30) as answer:
            tabs = json.load(answer)
        tab = Page(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))
        yield tab
        tab.close()
    finally:
        browser.terminate()
        try:
            browser.wait(20)
        except subprocess.TimeoutExpired:
            browser.kill()
            browser.wait(20)


def _port(log: Path, browser: subprocess.Popen) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and browser.poll() is None:
        found = re.search(r"DevTools listening on ws://127\.0\.0\.1:(\d+)/", log.read_text(errors="replace"))
        if found:
            return int(found[1])
        time.sleep(0.1)
    pytest.skip("chromium is there but does not start")


@pytest.fixture(scope="module")
def ablation_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    path = folder / "report.html"
    path.write_text(render_html(hostile.report(folder)), encoding="utf-8")
    return path


def _click_through(page: Page) -> None:
    """Click every fold and every link of the table of contents."""
    assert page.value("document.querySelectorAll('details').length") >= 1
    page.value("document.querySelectorAll('details:not([open]) > summary').forEach(fold => fold.click())")
    assert page.value("document.querySelectorAll('details:not([open])').length") == 0
    for place in range(page.value("document.querySelectorAll('nav a').length")):
        page.value(f"document.querySelectorAll('nav a')[{place}].click()")
        assert page.value("document.querySelector(':target') !== null")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_ablation_of_hostile_documents_is_only_text(page, ablation_page, width, scheme):
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.open(ablation_page)
    _click_through(page)
    assert page.troubles() == []
    assert page.value("window.broken") is None
    assert page.value("document.scripts.length") == 1  # the project's own
    assert page.value("document.images.length") == 0
    text = page.value("document.body.innerText")
    for shown in (
        "<script>window.broken = 1</script>",
        "</style><img src=",
        "⟨U+202E⟩",
        "{{ 7 * 7 }}",
        "한국어 문장입니다.",
    ):
        assert shown in text
    assert "\u202e" not in text
    assert "x" * 500 not in text  # a line of 1 MB is cut
    assert page.value("document.documentElement.scrollWidth") <= width  # only tables and charts scroll
    assert page.value("document.querySelectorAll('svg.chart').length") >= 8
    ids = page.value("[...document.querySelectorAll('[id]')].map(element => element.id)")
    assert len(ids) == len(set(ids))


def test_text_can_be_read_in_light_and_dark(page, ablation_page):
    for scheme in ("light", "dark"):
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        page.open(ablation_page)
        colours = page.value(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,"
            " getComputedStyle(document.querySelector('svg.chart text')).fill]"
        )
        back, *front = [sum(map(int, re.findall(r"\d+", colour)[:3])) / 3 for colour in colours]
        assert all(abs(one - back) > 120 for one in front), (scheme, colours)


def test_the_report_of_a_run(page, tmp_path):
    texts = [*(f"word {n} " * n for n in range(20)), *["the very same text, again"] * 3]
    inputs = [write_rows(tmp_path / "a.jsonl", texts)]
    stages = ["tests.strategies.Body", {"tests.strategies.Characters": {"least": 20}}, "dedup/exact", "dedup/minhash"]
    result = go(recipe(*stages), inputs, tmp_path / "out")
    path = tmp_path / "report.html"
    path.write_text(render_html(run_report(result)), encoding="utf-8")
    page.open(path)
    _click_through(page)
    assert page.troubles() == []
    text = page.value("document.body.innerText")
    assert "too_short" in text
    assert f"= {result['kept']} kept + {result['dropped']} dropped + {result['failed']} failed" in text
