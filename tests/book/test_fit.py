"""Each page fits its screen: a wide table takes the margin on a desktop; on a phone it becomes cards, a row a stack."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import yaml

from pcl_lib import viz
from tests.book import axe
from tests.book.browser import made, overflow, until, visit

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
PAGES = [TOC["root"], *(page["file"] for part in TOC["parts"] for page in part["chapters"])]
DESKTOP, PHONE = 1400, 390

# What is still cut although it could be shown: a table on a phone, or one beside which there is room on a desktop.
CUT = """() => [...document.querySelectorAll("main :is(.pcl-table > div, .pst-scrollable-table-container)")]
    .filter(place => place.checkVisibility() && place.scrollWidth > place.clientWidth + 1)
    .filter(place => innerWidth <= 600
        || place.getBoundingClientRect().right + 60 < document.documentElement.clientWidth)
    .map(place => place.textContent.trim().slice(0, 60))"""


# Displayed formulas that run on beyond the edge, where nothing tells that they do.
LONG_DISPLAYS = """() => [...document.querySelectorAll("main mjx-container[display=true]")]
    .filter(formula => formula.checkVisibility() && formula.scrollWidth > formula.clientWidth + 1)
    .map(formula => formula.closest(".math").id || formula.closest(".math").previousElementSibling?.id)"""


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("name", PAGES)
def test_fits_the_screen(site, browser, name, width):
    with visit(browser, site.html / f"{name}.html", width=width, height=844) as seen:
        axe.open_all(seen.page)
        until(seen.page, lambda: not seen.page.evaluate(CUT), patience=10_000)
        assert seen.page.evaluate(CUT) == []
        assert overflow(seen.page) == []
        if width == PHONE and "appendix/api" not in name:  # docstrings are set for a terminal
            assert seen.page.evaluate(LONG_DISPLAYS) == []


WIDE = viz.table(
    [["a claim", 12345.678, "no", "cannot tell"], ["another", -0.5, "yes", "holds"]],
    columns={"claim": "", "`number` in thousandths": "ours", "is it the same?": "paper", "verdict": "ours"},
    caption="Claims and verdicts",
).html
MARKDOWN = (
    '<div class="pst-scrollable-table-container"><table class="table"><thead><tr><th>symbol</th>'
    "<th>what it means to us</th></tr></thead><tbody><tr><td>P</td><td><p>a_cloud_of_predicted_points_or_of_codes</p>"
    "</td></tr></tbody></table></div>"
)
TABLES = f"<style>td {{ white-space: nowrap }}</style>{WIDE}{MARKDOWN}"
ORDER = """() => [...document.querySelectorAll(".pcl-table tbody tr:first-child > *")]
    .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
    .map(cell => cell.innerText.replace(/\\s+/g, " ").trim())"""


@pytest.mark.parametrize("ours", [True, False])
def test_on_a_phone_rows_become_cards_with_the_verdict_first(browser, tmp_path, ours):
    with visit(browser, made(tmp_path, TABLES, ours=ours), width=PHONE) as seen:
        page = seen.page
        cards = "() => document.querySelectorAll('table.pcl-cards').length"
        assert until(page, lambda: page.evaluate(cards) == (2 if ours else 0))
        assert bool(page.evaluate(CUT)) is not ours
        if not ours:
            return
        assert page.evaluate(ORDER) == [
            "a claim",
            "verdictthis book cannot tell",
            "number in thousandthsthis book 12,346",
            "is it the same?paper no",
        ]
        tree = page.locator(".pcl-table").aria_snapshot()
        assert '- cell "cannot tell"' in tree, "a label for the eye is not read twice"
        assert "columnheader" in tree
        assert axe.grave(page) == []
        page.set_viewport_size({"width": DESKTOP, "height": 900})
        assert until(page, lambda: page.evaluate(cards) == 0, patience=10_000)
        assert not page.query_selector(".pcl-card-label, table [role]")


def test_a_table_of_many_columns_becomes_cards_even_where_it_fits(browser, tmp_path):
    table = viz.table([["a", "b", 1, ""]], columns=["one", "two", "three", "four"], caption="Four columns.")
    with visit(browser, made(tmp_path, table.html), width=PHONE) as seen:
        seen.page.wait_for_selector("table.pcl-cards")
        labels = seen.page.eval_on_selector_all(".pcl-card-label", "all => all.map(e => e.textContent)")
        assert labels == ["two", "three"], "an empty cell has no label"


def test_the_words_of_a_short_cell_stand_together_on_a_card(browser, tmp_path):
    table = viz.table(
        [["a", "III-D, Fig. 2", 1, 2]], columns=["one", "two", "three", "four"], caption="One row."
    )
    with visit(browser, made(tmp_path, table.html), width=PHONE) as seen:
        page = seen.page
        page.wait_for_selector("table.pcl-cards")
        parts = page.query_selector_all("td:nth-child(2) > span")
        assert len(parts) == 2, "the label and the words"
        assert parts[1].text_content() == "III-D, Fig.\N{NO-BREAK SPACE}2"
        assert parts[1].bounding_box()["height"] < 30, "on one line"
        page.set_viewport_size({"width": DESKTOP, "height": 900})
        assert until(page, lambda: not page.query_selector(".pcl-cards, .pcl-card-own"), patience=10_000)


def test_a_number_that_is_not_reported_has_no_line_on_a_card(browser, tmp_path):
    table = viz.table(
        [["a", None, 1, None]],
        columns={"one": "", "two": "paper", "three": "ours", "four": "ours"},
        caption="No number.",
    )
    with visit(browser, made(tmp_path, table.html), width=PHONE) as seen:
        seen.page.wait_for_selector("table.pcl-cards")
        hidden = seen.page.eval_on_selector_all("td", "all => all.map(e => !e.offsetHeight)")
        assert hidden == [True, False, False]


def test_a_table_with_tall_rows_becomes_cards(browser, tmp_path):
    rows = [["a claim", "holds", "words " * 40]]
    table = viz.table(rows, columns=["one", "two", "three"], caption="A tall row.")
    with visit(browser, made(tmp_path, table.html), width=PHONE) as seen:
        seen.page.wait_for_selector("table.pcl-cards")


def test_a_table_that_fits_stays_a_table(browser, tmp_path):
    small = viz.table([["a", 1]], columns=["name", "n"], caption="Small").html
    spans = '<figure class="pcl-table"><div style="overflow-x:auto"><table><thead><tr><th>a</th><th>b</th></tr></thead>'
    spans += f'<tbody><tr><td colspan="2">{"word" * 200}</td></tr></tbody></table></div></figure>'
    with visit(browser, made(tmp_path, small + spans), width=PHONE) as seen:
        seen.page.wait_for_timeout(500)
        assert not seen.page.query_selector(".pcl-cards")


BESIDE = (
    '<style>main {{ margin-left: 300px; width: 700px }}</style><div class="bd-sidebar-secondary">sections</div>'
    '<p style="height:2000px">text</p>{table}<p style="height:2000px">text</p>'
)


@pytest.mark.parametrize("ours", [True, False])
def test_on_a_desktop_a_wide_table_takes_the_margin(browser, tmp_path, ours):
    many = viz.table(
        [["row", *[0.5] * 12]], columns=["name", *[f"column{i}" for i in range(12)]], caption="Many"
    ).html
    with visit(browser, made(tmp_path, BESIDE.format(table=many), ours=ours), width=DESKTOP) as seen:
        page = seen.page
        assert until(page, lambda: bool(page.evaluate(CUT)) is not ours, patience=10_000)
        assert overflow(page) == []
        hidden = "() => getComputedStyle(document.querySelector('.bd-sidebar-secondary')).visibility"
        assert page.evaluate(hidden) == "visible"
        page.evaluate("() => document.querySelector('table').scrollIntoView()")
        assert until(page, lambda: (page.evaluate(hidden) == "hidden") is ours, patience=10_000)
        if ours:
            page.evaluate("() => scrollTo(0, 0)")
            assert until(page, lambda: page.evaluate(hidden) == "visible", patience=10_000)


LOOK = """() => {
    const [first, second] = [...document.querySelectorAll(".pcl-part")].map(part => part.getBoundingClientRect());
    const shown = [...document.querySelectorAll(".pcl-part img")];
    return {below: second.top >= first.bottom, alts: shown.map(image => image.alt),
        sizes: shown.map(image => image.offsetWidth / image.getAttribute("width"))};
}"""


@pytest.mark.parametrize("ours", [True, False])
def test_pictures_side_by_side_are_stacked_on_a_phone(browser, tmp_path, ours):
    fig, axes = plt.subplots(1, 2, figsize=(8, 3))
    for ax in axes:
        ax.plot([1, 3, 2])
    body = viz.show(fig, alt="Two lines").html
    with visit(browser, made(tmp_path, body, ours=ours), width=PHONE) as seen:
        page = seen.page
        whole = page.query_selector(".pcl-scroll > img")
        assert whole.is_visible() is not ours
        if not ours:
            return
        look = page.evaluate(LOOK)
        assert look["below"]
        assert look["alts"] == ["Two lines", ""]
        assert min(look["sizes"]) > 0.75, "lettering is three quarters of its size or more"
        assert overflow(page) == []
        assert axe.grave(page) == []
        page.emulate_media(media="print")
        assert whole.is_visible()
        page.emulate_media(media="screen")
        page.set_viewport_size({"width": DESKTOP, "height": 900})
        assert until(
            page, lambda: whole.is_visible() and not page.query_selector(".pcl-part"), patience=10_000
        )
