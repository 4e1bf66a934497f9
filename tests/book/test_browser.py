"""The built site in a browser, opened from disk, with no network: what a reader on a train has."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import yaml
from PIL import Image

from book._tools import vendor
from tests.book import checks
from tests.book.browser import changes, drag, overflow, shown, steady, until, visit
from tests.unavailable import unavailable

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
PAGES = [TOC["root"], *(page["file"] for part in TOC["parts"] for page in part["chapters"])]
PHONE = 390


@pytest.fixture(scope="module")
def offline(site) -> None:
    if not vendor.is_complete():
        unavailable("the scripts for reading offline could not be fetched for this build")


PAINTED = "() => performance.getEntriesByName('first-contentful-paint').map(entry => entry.startTime)"


@pytest.mark.parametrize("name", PAGES)
def test_page_offline(site, browser, offline, name, paints):
    path = site.html / f"{name}.html"
    with visit(browser, path) as seen:
        page = seen.page
        # How long it took to show something is told at the end, not judged: the machine is not only ours.
        assert until(page, lambda: page.evaluate(PAINTED)), "the page shows nothing"
        paints[name] = page.evaluate(PAINTED)[0]
        if checks.soup(path).select("main .math"):
            page.wait_for_selector("main mjx-container mjx-math", state="attached")
            unset = "all => all.filter(e => !e.querySelector('mjx-container')).length"
            assert until(page, lambda: page.eval_on_selector_all("main .math", unset) == 0), (
                "a formula was not set"
            )
            assert not page.query_selector_all("mjx-merror"), "a formula has an error"
        for scene in page.query_selector_all(".pcl-plotly .pcl-scene"):
            scene.scroll_into_view_if_needed()
            scene.wait_for_selector("canvas", state="attached")
            assert until(page, lambda scene=scene: ink(scene.screenshot()) > 0.002), (
                "a rotatable figure drew nothing"
            )
        assert not seen.requests, "the page asks the network"
        assert not seen.errors


@pytest.mark.parametrize("name", PAGES)
def test_sliders_and_play(site, browser, offline, name):
    path = site.html / f"{name}.html"
    figures = checks.soup(path).find_all("script", type="application/vnd.jupyter.widget-view+json")
    if not figures:
        return  # nothing to move on this page
    with visit(browser, path) as seen:
        page = seen.page
        page.wait_for_selector("main .noUi-handle")
        drawn = "main .pcl-frames .noUi-handle"
        assert until(page, lambda: len(page.query_selector_all(drawn)) >= len(figures)), "a slider is missing"
        boxes = page.query_selector_all("main .pcl-frames")
        assert len(boxes) == len(figures), "each widget of a page is a figure with frames"
        for number, box in enumerate(boxes):
            selector = f"[data-test-figure='{number}']"
            box.evaluate("(e, n) => e.setAttribute('data-test-figure', n)", str(number))
            stack = f"{selector} > .widget-box:nth-child(2)"  # below the row of Play and slider
            handle = page.wait_for_selector(f"{selector} .noUi-handle")
            button = page.query_selector(f"{selector} .widget-play button")
            assert button is not None, "a figure with frames has a Play button"

            def value(handle=handle) -> str | None:
                return handle.get_attribute("aria-valuenow")

            def moves(before, value=value) -> bool:
                return until(page, lambda: value() != before)

            def picture(stack=stack) -> str:
                return steady(page, lambda: shown(page, stack))

            handle.focus()
            handle.evaluate("e => e.scrollIntoView({block: 'center'})")  # not under the bar at the top
            before, at = picture(), value()
            page.keyboard.press("ArrowLeft" if at == handle.get_attribute("aria-valuemax") else "ArrowRight")
            assert moves(at), f"slider {number} does not hear the keys"
            assert changes(page, stack, before), f"slider {number} moves, its figure does not"

            before, at = picture(), value()
            for _ in range(3):  # the page may still move between look and press: then a reader tries again
                drag(page, f"{selector} .noUi-handle", f"{selector} .noUi-base")
                if moves(at):
                    break
            else:
                raise AssertionError(f"slider {number} is not dragged")
            assert changes(page, stack, before), f"slider {number} is dragged, its figure does not change"

            handle.focus()
            page.keyboard.press("Home")  # back to the start, from where Play can run
            least = handle.get_attribute("aria-valuemin")
            assert until(page, lambda value=value, least=least: value() == least), "Home does not lead back"
            before, at = picture(), value()
            button.click()
            assert moves(at), f"Play {number} does not run"
            assert changes(page, stack, before), f"Play {number} runs, its figure does not change"
            button.click()
        assert not seen.requests
        assert not seen.errors


def test_first_page_leads_to_the_book(site, browser):
    with visit(browser, site.html / "index.html") as seen:
        seen.page.wait_for_url("**/book/index.html")
        assert seen.page.title()


def test_search_works_from_disk(site, browser):
    with visit(browser, site.html / "search.html") as seen:
        seen.page.goto(f"{(site.html / 'search.html').as_uri()}?q=Chamfer")
        seen.page.wait_for_selector("#search-results li a")
        assert not seen.requests


# The checks themselves: each must be able to fail.


def test_a_request_an_error_and_an_overflow_are_seen(browser, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        '<main><img src="https://example.org/a.png"><div style="width:2000px">wide</div></main>'
        "<script>throw new Error('broken')</script><script>console.error('complaint')</script>"
    )
    with visit(browser, page, width=PHONE) as seen:
        assert seen.requests == ["https://example.org/a.png"]
        assert [e for e in seen.errors if "broken" in e]
        assert [e for e in seen.errors if "complaint" in e]
        assert overflow(seen.page)


def test_an_empty_figure_has_no_ink(browser, tmp_path):
    page = tmp_path / "empty.html"
    page.write_text('<canvas width="100" height="100"></canvas><p>0</p>')
    with visit(browser, page) as seen:
        assert ink(seen.page.query_selector("canvas").screenshot()) == 0


def ink(png: bytes) -> float:
    """Share of the pixels of a picture that differ from its commonest colour."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    counts = picture.getcolors(maxcolors=picture.width * picture.height)
    assert counts is not None
    return 1 - max(count for count, _ in counts) / (picture.width * picture.height)
