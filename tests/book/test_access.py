"""The built site for readers who cannot see it well, use no mouse, want nothing to move, or read on paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import plotly
import pytest
import yaml

from book._tools import pdf
from pcl_lib import viz
from tests.book import axe
from tests.book.browser import made, overflow, until, visit

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
PAGES = [TOC["root"], *(page["file"] for part in TOC["parts"] for page in part["chapters"])]
DESKTOP, PHONE = 1400, 390
VIEWS = (("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE))
SHEET = 680
"""CSS pixels of text between the margins of an A4 sheet."""


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_grave(site, browser, name):
    with visit(browser, site.html / f"{name}.html", width=DESKTOP) as seen:
        page, found = seen.page, {}
        axe.open_all(page)
        for theme, width in VIEWS:
            page.set_viewport_size({"width": width, "height": 900})
            axe.set_theme(page, theme)
            page.wait_for_timeout(500)
            found[theme, width] = axe.grave(page)
        assert not {view: faults for view, faults in found.items() if faults}


UNREACHED = """() => [...document.querySelectorAll("main *")]
    .filter(e => e.scrollWidth > e.clientWidth + 1 && e.checkVisibility() && e.clientWidth > 0
        && /auto|scroll/.test(getComputedStyle(e).overflowX))
    .filter(e => !(e.tabIndex >= 0 || e.querySelector("a[href], button, [tabindex='0']")))
    .map(e => e.tagName + "." + e.className)"""


@pytest.mark.parametrize("name", PAGES)
def test_the_keyboard_reaches_what_scrolls(site, browser, name):
    with visit(browser, site.html / f"{name}.html", width=PHONE) as seen:
        axe.open_all(seen.page)
        until(seen.page, lambda: not seen.page.evaluate(UNREACHED), patience=10_000)
        assert seen.page.evaluate(UNREACHED) == []


CUT = f"""() => [...document.querySelectorAll("main table, main figure img, main pre")]
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > {SHEET} + 1)
    .map(e => e.tagName + ": " + e.textContent.trim().slice(0, 60))"""
EMPTY = """() => [...document.querySelectorAll("main details > :not(summary)")]
    .filter(e => e.textContent.trim() && (!e.checkVisibility() || getComputedStyle(e).opacity === "0"
        || getComputedStyle(e).animationName !== "none"))
    .map(e => e.textContent.trim().slice(0, 60))"""


def on_paper(page) -> None:
    """What the browser does before it prints."""
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print", reduced_motion="no-preference")
    page.set_viewport_size({"width": SHEET, "height": 960})
    page.wait_for_timeout(300)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_or_empty_on_paper(site, browser, name):
    with visit(browser, site.html / f"{name}.html", width=DESKTOP) as seen:
        on_paper(seen.page)
        assert seen.page.evaluate(CUT) == []
        assert seen.page.evaluate(EMPTY) == []
        assert overflow(seen.page) == []


# The checks themselves, and our style sheet and script: each must be able to fail.


PLANTED = {
    "color-contrast": '<p style="color:#999;background:#fff">faint words</p>',
    "image-alt": '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
    "label-content-name-mismatch": '<button aria-label="Toggle hidden content">Show code</button>',
    "scrollable-region-focusable": (
        '<div style="width:90px;overflow-x:auto"><p style="width:900px">words that are cut</p></div>'
    ),
    "aria-required-children": '<div role="list"><div role="doc-biblioentry">one</div></div>',
}


@pytest.mark.parametrize("rule", PLANTED)
def test_axe_sees_a_planted_fault(browser, tmp_path, rule):
    with visit(browser, made(tmp_path, PLANTED[rule], ours=False)) as seen:
        assert [found for found in axe.grave(seen.page) if f" {rule} at " in found]
    with visit(browser, made(tmp_path, "<p>sound</p>", ours=False)) as seen:
        assert axe.grave(seen.page) == []


SCROLLS = (
    '<div class="pcl-scroll" style="overflow-x:auto">'
    '<img alt="A wide curve" style="display:block;min-width:900px;height:20px"></div>'
)


@pytest.mark.parametrize("ours", [True, False])
def test_a_figure_that_scrolls_becomes_a_stop_with_a_name(browser, tmp_path, ours):
    with visit(browser, made(tmp_path, SCROLLS, ours=ours), width=PHONE) as seen:
        stop = seen.page.query_selector(".pcl-scroll")
        assert bool(seen.page.evaluate(UNREACHED)) is not ours
        assert stop.get_attribute("tabindex") == ("0" if ours else None)
        if ours:
            assert "A wide curve" in stop.get_attribute("aria-label")
            seen.page.set_viewport_size({"width": DESKTOP, "height": 900})
            assert until(seen.page, lambda: stop.get_attribute("tabindex") is None, patience=10_000)
            assert stop.get_attribute("role") is None


FOLD = (
    "<style>@keyframes fade {{ 0% {{ opacity: 0 }} }} details[open] > summary ~ * {{ animation: fade 9s }}</style>"
    "<details><summary>Show</summary><div>code</div></details>"
    '<figure class="pcl-table"><div style="overflow-x:auto"><table><tr>{cells}</tr></table></div></figure>'
).format(cells="".join(f"<td class='pcl-number'>column{i}</td>" for i in range(20)))


@pytest.mark.parametrize("ours", [True, False])
def test_folds_open_and_wide_tables_shrink_on_paper(browser, tmp_path, ours):
    with visit(browser, made(tmp_path, FOLD, ours=ours)) as seen:
        on_paper(seen.page)
        assert (seen.page.evaluate(CUT) == []) is ours
        assert (seen.page.evaluate(EMPTY) == []) is ours
        if not ours:
            return
        seen.page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
        assert not seen.page.query_selector("details[open]")


CROWDED = viz.table(
    [[f"row {i}", *["0.1234 ± 0.0567"] * 10] for i in range(2)],
    columns=["row", *(f"measure {i}" for i in range(10))],
    caption="Many numbers.",
).html


@pytest.mark.parametrize("ours", [True, False])
def test_a_crowded_table_keeps_letters_that_can_be_read(browser, tmp_path, ours):
    with visit(browser, made(tmp_path, CROWDED)) as seen:
        if not ours:
            seen.page.add_style_tag(content=".pcl-crowded .pcl-number { white-space: nowrap !important }")
        on_paper(seen.page)
        shrunk = seen.page.eval_on_selector("table", "t => Number(getComputedStyle(t).zoom)")
        assert (shrunk > 0.75) is ours
        assert seen.page.evaluate(CUT) == []
        if ours:
            seen.page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
            assert not seen.page.query_selector(".pcl-crowded")


def test_a_printed_slider_shows_its_first_and_its_last_picture(browser, tmp_path):
    pictures = [viz.cloud(np.eye(2) * (i + 1), alt="Two points") for i in range(4)]
    words = ("beginning", "second", "third", "ending")
    series = viz.frames(pictures, labels=words, alt="Two points part", caption="They part.", start=1)
    moving = '<div class="pcl-frames"><p>Play</p></div>'
    with visit(browser, made(tmp_path, moving + series.still)) as seen:
        pdf.settle(seen.page)
        text = " ".join(sheet.extract_text() for sheet in pdf.sheets_of(seen.page).pages)
        assert [word for word in (*words, "They part.", "Play") if word in text] == [
            "beginning",
            "second",
            "ending",
            "They part.",
        ]
        assert not seen.page.get_by_text("ending").is_visible(), "on the screen it is the slider's"


def test_a_map_of_shapes_is_printed_without_its_buttons_and_with_its_colours(browser, tmp_path):
    places, shapes = [[0, 0], [1, 1]], np.zeros((2, 1, 2))
    shown = viz.shape_map(places, shapes, ["first", "second"], alt="Two dots", caption="Two shapes.")
    with visit(browser, made(tmp_path, shown.html)) as seen:
        assert seen.page.get_by_role("radio").first.is_visible()
        on_paper(seen.page)
        assert seen.page.locator("svg").is_visible()
        assert not seen.page.get_by_role("radio").first.is_visible()
        labels = [label.is_visible() for label in seen.page.locator("label").all()]
        assert labels == [False, True, True], "all, first, second"


def test_a_slider_stands_on_one_sheet_with_its_caption(browser, tmp_path):
    tall = [viz.cloud(np.array([[0.0, 0.0], [1.0, i]]), alt="Two points") for i in (4, 5, 6)]
    series = viz.frames(tall, labels=("one", "two", "three"), alt="Two points", caption="They part.", start=1)
    words = "<p>Before it a page has something else.</p>" * 20
    with visit(browser, made(tmp_path, words + series.still)) as seen:
        pdf.settle(seen.page)
        sheets = [sheet.extract_text() for sheet in pdf.sheets_of(seen.page).pages]
        assert any(all(word in sheet for word in ("one", "two", "three", "They part.")) for sheet in sheets)


@pytest.mark.parametrize("ours", [True, False])
def test_a_word_of_the_glossary_is_marked_by_more_than_colour(browser, tmp_path, ours):
    theirs = "<style>a { color: #555; text-decoration: none }</style>"  # as a theme may have it
    body = f'{theirs}<p>The <a class="pcl-term" href="#x">Chamfer distance</a> of two clouds.</p><p id="x">It</p>'
    with visit(browser, made(tmp_path, body, ours=ours)) as seen:
        line = seen.page.eval_on_selector(".pcl-term", "e => getComputedStyle(e).textDecorationStyle")
        assert (line == "dotted") is ours
        assert bool([fault for fault in axe.grave(seen.page) if "link-in-text-block" in fault]) is not ours


@pytest.mark.parametrize("ours", [True, False])
def test_nothing_moves_for_those_who_ask(browser, tmp_path, ours):
    body = "<style>p { transition: color 2s; animation: a 2s } @keyframes a { to { color: red } }</style><p>word</p>"
    with visit(browser, made(tmp_path, body, ours=ours)) as seen:  # `visit` asks for reduced motion
        style = "e => [getComputedStyle(e).transitionDuration, getComputedStyle(e).animationName]"
        still = seen.page.eval_on_selector("p", style) == ["0s", "none"]
        assert still is ours


@pytest.mark.parametrize("live", [True, False])
def test_a_figure_that_turns_says_its_name_and_its_keys(browser, tmp_path, live):
    figure = viz.rotatable(np.random.default_rng(0).normal(size=(50, 3)), alt="A ball of points").html
    script = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").as_uri()
    head = f'<script>window.pclPlotlyAt = "{script}"</script>' if live else ""
    with visit(browser, made(tmp_path, head + figure)) as seen:
        box = seen.page.query_selector(".pcl-plotly")
        assert box.get_attribute("aria-label") == "A ball of points"
        if not live:  # no script of plotly and no network: a picture, which takes no keys
            assert (box.get_attribute("role"), box.get_attribute("tabindex")) == ("img", None)
            return
        seen.page.wait_for_selector(".pcl-plotly.pcl-live")
        assert (box.get_attribute("role"), box.get_attribute("tabindex")) == ("application", "0")
        hint = seen.page.query_selector(f"#{box.get_attribute('aria-describedby')}")
        assert "arrow keys" in hint.text_content()
        assert axe.grave(seen.page) == []
        eye = "() => JSON.stringify(document.querySelector('.pcl-canvas').layout.scene.camera.eye)"
        before = seen.page.evaluate(eye)
        box.focus()
        seen.page.keyboard.press("ArrowRight")
        assert until(seen.page, lambda: seen.page.evaluate(eye) != before), "the arrow keys turn it"


def test_plotly_is_fetched_when_its_figure_comes_near(browser, tmp_path):
    figure = viz.rotatable(np.random.default_rng(0).normal(size=(50, 3)), alt="A ball of points").html
    script = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").as_uri()
    body = f'<script>window.pclPlotlyAt = "{script}"</script><div style="height:4000px"></div>{figure}'
    with visit(browser, made(tmp_path, body)) as seen:
        page = seen.page
        assert not page.query_selector(".pcl-live, script[src*=plotly]")
        assert page.query_selector(".pcl-still").is_visible()
        page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
        page.wait_for_selector(".pcl-plotly.pcl-live canvas", state="attached")
        assert len(page.query_selector_all("script[src*=plotly]")) == 1
