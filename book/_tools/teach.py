"""Sphinx extension: `{course-plan}` says how long each page and its exercises take, from the pages as they are.

Its content is YAML: for each page a `level` for each of its exercises, and a `question` that needs no code. It is an
error to leave out a chapter or an exercise, or to name one that is not there. The minutes of reading are those that the
page itself names, so they are read from the written pages; those of exercises follow from their level.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book._tools import afterwards

MINUTES = {"think": 15, "code": 30, "experiment": 60}
"""What an exercise takes a student who has read the page, by its level."""
EXERCISE = re.compile(
    r"^ *(?:`{3,}|:{3,})\{exercise(?:-start)?\}[^\n]*\n((?: *:[\w-]+:[^\n]*\n)*)\s*(?:\*\*(.+?)\*\*)?",
    re.MULTILINE,
)
READING = re.compile(r"(\d+)\smin of reading")
TIME = re.compile(
    r'<span class="pcl-time" data-pages="([^"]*)" data-more="(\d+)" data-unit="(\w+)">[^<]*</span>'
)

Plan = dict[str, dict[str, Any]]


def exercises(text: str) -> dict[str, str]:
    """The label and the title in bold of each exercise in the source of a page."""
    found = {}
    for options, title in EXERCISE.findall(text):
        label = re.search(r":label: *(\S+)", options)
        if label:
            found[label[1]] = " ".join(title.split()).rstrip(".?") or label[1]
    return found


def problems(plan: Plan, there: dict[str, dict[str, str]]) -> list[str]:
    """Where the plan and the pages disagree; `there` holds the exercises of each chapter of the book."""
    found = [f"{page}: no such chapter" for page in plan if page not in there]
    found += [f"{page}: this chapter is missing" for page in there if page not in plan]
    for page in plan.keys() & there.keys():
        levels = plan[page].get("exercises", {})
        found += [f"{page}: no exercise {label}" for label in levels if label not in there[page]]
        found += [f"{page}: no level for {label}" for label in there[page] if label not in levels]
        found += [f"{page}: no such level, {level}" for level in levels.values() if level not in MINUTES]
        found += [f"{page}: no question"] if not str(plan[page].get("question", "")).strip() else []
    return sorted(found)


def time(pages: list[str], more: int, unit: str) -> str:
    """Stands for the minutes of reading of the pages plus `more`, until these are written."""
    return (
        f'<span class="pcl-time" data-pages="{" ".join(pages)}" data-more="{more}" data-unit="{unit}"></span>'
    )


def work(plan: Plan, page: str) -> int:
    """Minutes for all exercises of a page."""
    return sum(MINUTES[level] for level in plan[page].get("exercises", {}).values())


def lines(plan: Plan, there: dict[str, dict[str, str]]) -> list[str]:
    """Markdown: a table of the whole, then each page."""
    count = sum(len(plan[page].get("exercises", {})) for page in plan)
    minutes = sum(work(plan, page) for page in plan)
    core = [page for page in plan if plan[page].get("core")]
    text = [
        f"{len(plan)} pages, {count} exercises, {time(list(plan), minutes, 'hours')} hours with all of them. The pages "
        f"marked *core* alone take {time(core, sum(work(plan, page) for page in core), 'hours')} hours, or "
        f"{time(core, 0, 'hours')} without exercises.",
        "",
        "| page | path | reading, min | exercises | their time, min | together, hours |",
        "|:---|:---|---:|---:|---:|---:|",
    ]
    for page, entry in plan.items():
        link, path = f"{{doc}}`/book/{page}`", "core" if entry.get("core") else ""
        own = work(plan, page)
        text.append(
            f"| {link} | {path} | {time([page], 0, 'minutes')} | {len(entry.get('exercises', {}))} | {own} | "
            f"{time([page], own, 'hours')} |"
        )
    for page, entry in plan.items():
        text += [
            "",
            f"**{{doc}}`/book/{page}`**",
            "",
            f"*A question without code.* {entry['question'].strip()}",
            "",
        ]
        for label, level in entry.get("exercises", {}).items():
            text.append(f"- {{ref}}`{there[page][label]} <{label}>`: {level}, {MINUTES[level]} min")
    return text


class CoursePlan(SphinxDirective):
    has_content = True

    def run(self) -> list[nodes.Node]:
        source = Path(self.env.app.srcdir)
        toc = yaml.safe_load((source / "_toc.yml").read_text(encoding="utf-8"))
        chapters = [
            page["file"] for part in toc.get("parts", []) if part.get("numbered") for page in part["chapters"]
        ]
        there = {}
        for name in chapters:
            path = source / f"{name}.md"
            self.env.note_dependency(str(path))
            there[name.removeprefix("book/")] = exercises(path.read_text(encoding="utf-8"))
        plan: Plan = yaml.safe_load("\n".join(self.content))
        if wrong := problems(plan, there):
            raise self.error("the course plan and the book disagree: " + "; ".join(wrong))
        box = nodes.container(classes=["course-plan"])
        self.set_source_info(box)
        text = StringList(lines(plan, there), source=self.get_source_info()[0])
        self.state.nested_parse(text, self.content_offset, box)
        return [box]


def with_times(html: str, minutes: dict[str, int]) -> str:
    """The page with each time filled in; hours are rounded up to halves."""

    def filled(match: re.Match[str]) -> str:
        pages, more, unit = match[1].split(), int(match[2]), match[3]
        total = sum(minutes[page] for page in pages) + more
        said = f"{math.ceil(total / 30) / 2:g}" if unit == "hours" else str(total)
        return re.sub(r">[^<]*</span>$", f">{said}</span>", match[0])

    return TIME.sub(filled, html)


def tell_times(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    plans = [Path(app.outdir) / f"{name}.html" for name in sorted(app.env.found_docs)]
    plans = [page for page in plans if page.is_file() and TIME.search(page.read_text(encoding="utf-8"))]
    if not plans:
        return
    minutes = {}
    for name, html in afterwards.written(app):
        facts = html.select_one(".chapter-facts")
        found = READING.search(facts.get_text()) if facts else None
        if found:
            minutes[name.removeprefix("book/")] = int(found[1])
    for page in plans:
        afterwards.write(page, with_times(page.read_text(encoding="utf-8"), minutes))


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("course-plan", CoursePlan)
    app.connect("build-finished", tell_times)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
