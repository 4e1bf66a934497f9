"""Open a page of the built site from disk in Chromium, with the network cut, and note all that goes wrong."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import Browser, ConsoleMessage, Page

from book._tools.chromium import PATIENCE

T = TypeVar("T")
STEP = 100
STATIC = Path(__file__).resolve().parents[2] / "book" / "_static"
NETWORK = re.compile(r"^(https?|wss?):")

# What may stand in the console, and why.
HARMLESS = (
    # The widget manager names icon fonts beside the page; the theme draws its icons as SVG and never needs them.
    re.compile(r"Failed to load resource: net::ERR_FILE_NOT_FOUND .*\.(woff2?|ttf|eot|svg)\b"),
)


@dataclass
class Visit:
    """An open page, what it asked of the network, and what it complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        if not any(pattern.search(text) for pattern in HARMLESS):
            self.errors.append(text)

    def console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.note(f"{message.text} {message.location.get('url', '')}")


@contextmanager
def visit(browser: Browser, path: Path, *, width: int = 1280, height: int = 900) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    try:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        seen = Visit(page)

        def cut(route) -> None:
            seen.requests.append(route.request.url)
            route.abort()

        context.route(NETWORK, cut)
        page.on("console", seen.console)
        page.on("pageerror", lambda error: seen.note(str(error)))
        page.goto(path.resolve().as_uri(), wait_until="load")
        page.wait_for_timeout(500)
        yield seen
    finally:
        context.close()


def shown(page: Page, selector: str) -> str:
    """A fingerprint of what the reader sees inside an element: its visible text and pictures."""
    content = page.eval_on_selector(
        selector,
        """element => [...element.querySelectorAll("*")]
            .filter(e => e.checkVisibility() && (e.matches("img, svg") || e.children.length === 0))
            .map(e => e.src || e.outerHTML).join("|")""",
    )
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def until(page: Page, holds: Callable[[], bool], *, patience: int = PATIENCE) -> bool:
    """Whether something becomes true while the page goes on."""
    for _ in range(patience // STEP):
        if holds():
            return True
        page.wait_for_timeout(STEP)
    return False


def steady(page: Page, look: Callable[[], T]) -> T:
    """What a look at the page finds once it finds the same twice: a busy machine draws late, and moves what it drew."""
    found = look()

    def rests() -> bool:
        nonlocal found
        before, found = found, look()
        return found == before

    assert until(page, rests), "the page does not come to rest"
    return found


def drag(page: Page, knob: str, rail: str) -> None:
    """Take a knob with the mouse and pull it to the farther end of its rail.

    What is set above it while the page loads may push it from under the pointer, so we look before we press.
    """

    def grasp() -> bool:
        place = page.wait_for_selector(knob).bounding_box()
        assert place is not None, "the knob has no place on the page"
        x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
        page.mouse.move(x, y)
        return page.eval_on_selector(
            knob, "(e, [x, y]) => e.contains(document.elementFromPoint(x, y))", [x, y]
        )

    assert until(page, grasp), "something lies over the knob"
    page.mouse.down()
    grip, bar = page.wait_for_selector(knob).bounding_box(), page.wait_for_selector(rail).bounding_box()
    left = grip["x"] > bar["x"] + bar["width"] / 2
    page.mouse.move(bar["x"] + bar["width"] * (0.02 if left else 0.98), grip["y"] + 5, steps=8)
    page.mouse.up()


def changes(page: Page, selector: str, before: str) -> bool:
    """Whether the reader comes to see something else than before."""
    return until(page, lambda: shown(page, selector) != before)


def overflow(page: Page) -> list[str]:
    """The elements that make the page wider than the window, outermost first."""
    return page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return [];
            const main = document.querySelector("main") || document.body;
            return [...main.querySelectorAll("*")]
                .filter(e => e.getBoundingClientRect().right > width + 1)
                .slice(0, 5)
                .map(e => e.tagName + "." + e.className + " to " + Math.round(e.getBoundingClientRect().right))
                .concat(["page " + document.documentElement.scrollWidth + " > " + width]);
        }"""
    )


def made(folder: Path, body: str, *, ours: bool = True) -> Path:
    """A small page, with the book's style sheet and scripts or without."""
    head = f'<link rel="stylesheet" href="{(STATIC / "book.css").as_uri()}">'
    head += "".join(f'<script src="{path.as_uri()}"></script>' for path in sorted(STATIC.glob("*.js")))
    page = folder / "page.html"
    page.write_text(
        '<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>A page</title>'
        f'{head if ours else ""}</head><body><main class="bd-article"><h1>A page</h1>{body}</main></body></html>'
    )
    return page
