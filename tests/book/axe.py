"""Run axe-core, the usual checker of accessibility, over an open page."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

# axe marks what it finds as minor, moderate, serious or critical; these two keep a reader from the content.
GRAVE = ("serious", "critical")

# Left out by default because it is new, yet "serious": a control is called by the words that stand on it.
EXTRA_RULES = ("label-content-name-mismatch",)

# What may be found, as (rule, part of the selector): reason. Each was looked at.
EXCUSED: dict[tuple[str, str], str] = {}

RUN = """
async rules => {
    const found = await axe.run(document, {resultTypes: ["violations"], rules});
    return found.violations.flatMap(v => v.nodes.map(n => ({
        rule: v.id,
        impact: v.impact,
        target: n.target.flat().join(" "),
        message: [...n.any, ...n.all, ...n.none].map(check => check.message).join("; "),
    })));
}
"""


@cache
def script() -> str:
    """The text of axe-core, from the installed package."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def findings(page: Page) -> list[dict[str, Any]]:
    """All that axe finds on the page as it stands, each with rule, impact, target and message."""
    page.evaluate(script())
    return page.evaluate(RUN, {name: {"enabled": True} for name in EXTRA_RULES})


def grave(page: Page) -> list[str]:
    """The serious and critical findings that are not excused, as text."""
    return [
        f"{found['impact']} {found['rule']} at {found['target']}: {found['message']}"
        for found in findings(page)
        if found["impact"] in GRAVE and not excused(found["rule"], found["target"])
    ]


def excused(rule: str, target: str) -> bool:
    return any(rule == name and part in target for name, part in EXCUSED)


def set_theme(page: Page, theme: str) -> None:
    """Switch a page to "light" or "dark", as the theme's own button does."""
    page.evaluate(
        "theme => { document.documentElement.dataset.mode = theme; document.documentElement.dataset.theme = theme }",
        theme,
    )


def open_all(page: Page) -> None:
    """Open what is folded, so that it is looked at too."""
    page.evaluate("() => document.querySelectorAll('main details').forEach(fold => { fold.open = true })")
    page.evaluate("() => document.querySelectorAll('main .toggle-button-hidden').forEach(b => b.click())")
