"""What is looked for in a built page, apart from the tests that use it, so that each check can be tested itself."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
LINKS = {"a": "href", "link": "href", "img": "src", "script": "src", "iframe": "src", "source": "src"}


def sources(book: Path) -> list[Path]:
    """The pages as written; JupyterLab leaves copies of those that were opened in it beside them."""
    return sorted(p for p in book.rglob("*.md") if ".ipynb_checkpoints" not in p.parts)


@lru_cache(maxsize=64)
def soup(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def images_without_text(html: BeautifulSoup) -> list[str]:
    """Pictures, also those inside the stored state of widgets, that say nothing to a reader who cannot see them."""
    found = [str(img)[:120] for img in html.find_all("img") if not (img.get("alt") or "").strip()]
    for scene in html.select(".pcl-plotly"):
        if not (scene.get("aria-label") or "").strip():
            found.append(f"a rotatable figure without aria-label: {str(scene)[:80]}")
    for svg in html.select("main svg[role=img]"):
        if not (svg.get("aria-label") or svg.find("title")):
            found.append(str(svg)[:120])
    for script in html.find_all("script", type=WIDGET_STATE):
        for model in json.loads(script.string)["state"].values():
            if model["model_name"] == "ImageModel":
                found.append("an Image widget, which cannot have a text; use HTML with <img alt=...>")
            value = model["state"].get("value")
            if isinstance(value, str) and "<img" in value:
                found += images_without_text(BeautifulSoup(value, "html.parser"))
    return found


@lru_cache(maxsize=128)
def anchors(page: Path) -> set[str]:
    html = soup(page)
    return {str(tag["id"]) for tag in html.find_all(id=True)} | {
        str(tag["name"]) for tag in html.find_all("a", attrs={"name": True})
    }


def dead_links(page: Path, root: Path) -> list[str]:
    """Internal links of a page to a file or an anchor that is not there, or that lead out of the site."""
    found = []
    for tag, attribute in LINKS.items():
        for node in soup(page).find_all(tag, attrs={attribute: True}):
            target = str(node[attribute])
            parts = urlsplit(target)
            if parts.scheme or parts.netloc or target in ("", "#"):
                continue
            path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if not path.is_relative_to(root) or not path.is_file():
                found.append(f"{target} (no such file)")
            elif parts.fragment and path.suffix == ".html" and unquote(parts.fragment) not in anchors(path):
                found.append(f"{target} (no such anchor)")
    return sorted(set(found))


def weight(page: Path) -> int:
    """Bytes of a page and of the pictures it shows: what one chapter costs beyond the shared scripts."""
    pictures = {
        (page.parent / unquote(str(img["src"]))).resolve()
        for img in soup(page).select("main img[src]")
        if not str(img["src"]).startswith(("data:", "http"))
    }
    return page.stat().st_size + sum(p.stat().st_size for p in pictures)
