"""What each source holds, and where this book has it: `python -m tests.book.inventory` lists what has no place yet."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = ROOT / "tests" / "golden" / "inventory.json"
# What a reader looks for: the rest (data sets, baselines, hyper-parameters) stands with the experiments.
LOOKED_FOR = ("table", "figure", "algorithm", "theorem", "equation", "listing", "worked-example", "claim")
UNTESTABLE = "not testable here"

Item = dict[str, Any]


def inventory() -> list[Item]:
    found: list[Item] = json.loads(INVENTORY.read_text(encoding="utf-8"))
    return found


def headings(page: str) -> set[str]:
    """The headings of a page of the book, as a reader sees them."""
    text = (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")
    text = re.sub(r"^(`{3,})\{code-cell\}.*?^\1$", "", text, flags=re.M | re.S)
    return set(re.findall(r"^#+ (.+?)\s*$", text, flags=re.M))


def without_place(items: list[Item]) -> list[Item]:
    """What a reader looks for that has neither a section nor a reason why not."""
    return [
        item
        for item in items
        if item["kind"] in LOOKED_FOR
        and not item.get("where")
        and not (item["tier"] == UNTESTABLE and item.get("counterpart"))
    ]


def wrong_places(items: list[Item]) -> list[str]:
    """Places that are named and do not exist."""
    wrong = []
    for item in items:
        for place in item.get("where", []):
            page = ROOT / "book" / f"{place['page']}.md"
            if not page.is_file() or place["section"] not in headings(place["page"]):
                wrong.append(
                    f"{item['seed']} {item['kind']} {item['id']}: {place['page']}, section {place['section']!r}"
                )
    return wrong


def main() -> None:
    missing = without_place(inventory())
    for item in missing:
        print(f"{item['seed']} {item['kind']:15} {item['id']}: {item['what']}")
    print(dict(Counter(item["seed"] for item in missing)))


if __name__ == "__main__":
    main()
