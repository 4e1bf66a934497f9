"""No decimal number is typed into a sentence: it is glued from the build, or it is a paper's and cited."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.book import checks

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = checks.sources(ROOT / "book")
DECIMAL = re.compile(r"(?<![\w.])\d+\.\d+(?![\w.]*\.\d)")
FENCE = re.compile(r"^\s*(`{3,}|~{3,}|:{3,})\s*(\{[^}]*\})?(.*)$")
# Names, not measurements.
NAMES = re.compile(r"Python 3\.\d+|CC BY 4\.0|CC-BY-4\.0|Apache-2\.0|Jupyter Book 1\.x")
# Parts of a line whose numbers are no statement about a result.
NOT_PROSE = (
    re.compile(r"\{[\w:.-]+\}`[^`]*`"),  # roles; a cite role marks its paragraph before this is applied
    re.compile(r"`+[^`]*`+"),
    re.compile(r"\$[^$]*\$"),
    re.compile(r"\]\([^)]*\)"),
    re.compile(r"<[^>]*>"),
)


def typed_numbers(text: str) -> list[str]:
    """`line: number` of each decimal number in the prose of a MyST page."""
    lines = text.splitlines()
    start = lines.index("---", 1) + 1 if lines[:1] == ["---"] else 0
    found, paragraph, open_fences = [], [], []
    maths = False

    def close() -> None:
        body = "\n".join(line for _, line in paragraph)
        allowed = "{cite" in body or any("paper-vs-code" in f[1] for f in open_fences)
        if not allowed:
            plain = NAMES.sub(" ", body)
            for pattern in NOT_PROSE:
                plain = pattern.sub(lambda m: "\n" * m.group().count("\n"), plain)
            for offset, line in enumerate(plain.split("\n")):
                found.extend(f"line {paragraph[0][0] + offset}: {n}" for n in DECIMAL.findall(line))
        paragraph.clear()

    for number, line in enumerate(lines[start:], start=start + 1):
        fence = FENCE.match(line)
        if open_fences and open_fences[-1][2]:  # inside code or another verbatim block
            if fence and fence[1][0] == open_fences[-1][0][0] and len(fence[1]) >= len(open_fences[-1][0]):
                open_fences.pop()
            continue
        if (
            fence
            and not fence[2]
            and not fence[3].strip()
            and open_fences
            and same(fence[1], open_fences[-1][0])
        ):
            close()
            open_fences.pop()
            continue
        if fence:
            close()
            directive = fence[2] or ""
            verbatim = directive in ("", "{code-cell}", "{math}", "{bibliography}", "{code-block}", "{raw}")
            open_fences.append((fence[1], directive, verbatim))
            if not verbatim:
                paragraph.append((number, fence[3]))  # a title is prose
            continue
        if line.strip().startswith("$$"):
            close()
            # `$$ ... $$ (label)` on one line opens and closes at once.
            maths = maths ^ (line.count("$$") % 2 == 1)
            continue
        if maths:
            continue
        option = re.match(r"\s*:([\w-]+):(.*)", line)
        if option and open_fences:
            if "paper-vs-code" in option[2]:
                open_fences[-1] = (open_fences[-1][0], "paper-vs-code", open_fences[-1][2])
            continue
        if line.strip():
            paragraph.append((number, line))
        elif paragraph:
            close()
    if paragraph:
        close()
    return found


def same(closing: str, opening: str) -> bool:
    return closing[0] == opening[0] and len(closing) >= len(opening)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.relative_to(ROOT / "book").as_posix())
def test_no_typed_number(path):
    assert typed_numbers(path.read_text(encoding="utf-8")) == []


def test_there_are_chapters():
    assert len(CHAPTERS) >= 3


@pytest.mark.parametrize(
    "text",
    [
        "The loss falls to 0.25 after training.",
        "A list:\n\n- a distance of 3.14 here",
        "| loss | value |\n|---|---|\n| CD | 0.5 |",
        ":::{note}\nIt is 2.5 times faster.\n:::",
        "```{admonition} Takes 1.5 seconds\nText.\n```",
        "First paragraph {cite}`a`.\n\nSecond paragraph: 0.7.",
        "---\nkernel: python\n---\nSays 1.25.",
        "$$\nx = 1.5\n$$\n\nSo it is 1.5.",
        "Between $a$ and $b$ lies 0.5.",
        "Ends a sentence with 0.25.",
    ],
)
def test_a_typed_number_is_found(text):
    assert len(typed_numbers(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "The loss falls to {glue:text}`loss:.2f` after training.",
        "The paper says 0.25 {cite}`a`.",
        "Over two lines, 0.25 and\n{cite:t}`a` says so.",
        ":::{admonition} Paper versus code\n:class: paper-vs-code\n\nThe paper has 0.5.\n\nThe code 0.05.\n:::",
        "```python\nlr = 0.1\n```",
        "```{code-cell} ipython3\n:tags: [x]\n\nlr = 0.1\n```",
        "Set `lr=0.1` and $\\eta = 0.1$.",
        "$$\nx = 1.5\n$$",
        "$$ x = 1.5 $$",
        "```{math}\nx = 1.5\n```",
        "[a link](file-1.5.md) and Python 3.11",
        "::::{solution} a\n:::{note}\n```{code-cell}\nx = 0.5\n```\n:::\n::::",
        "Version 1.2.3 is no decimal number, and neither is Section 2.",
        "```{figure} a.png\n:width: 0.5\n\nCaption.\n```",
    ],
)
def test_other_numbers_are_allowed(text):
    assert typed_numbers(text) == []


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_no_sentence_is_lost_as_a_comment(page):
    # MyST takes a line that begins with a per cent sign for a comment, without a word.
    cells = re.compile(r"^(`{3,})\{code-cell\}.*?^\1$", re.DOTALL | re.MULTILINE)
    prose = cells.sub("", page.read_text(encoding="utf-8"))
    assert not re.findall(r"^\s*%.*", prose, re.MULTILINE)
