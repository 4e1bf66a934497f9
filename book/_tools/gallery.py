"""Sphinx extension: `{gallery}` shows every figure of the book, small, with its caption and a link to its section.

The figures are read from the written pages. A picture of points becomes a thumbnail; a drawing of lines is kept as it
is, in a file of its own, unless it is so heavy that only its words are shown.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import shutil
from dataclasses import dataclass
from html import escape
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book._tools import afterwards

FOLDER = "_images/gallery"
WIDEST = 320
"""Pixels of a thumbnail."""
HEAVIEST = 60_000
"""Bytes of a drawing that the gallery still shows."""
INLINE = re.compile(r"data:image/(png|svg\+xml);base64,(.*)", re.DOTALL)


@dataclass(frozen=True)
class Picture:
    """One figure of a page."""

    page: str
    anchor: str
    """Of the figure, or else of its section."""
    section: str
    caption: str
    """HTML, without links."""
    alt: str
    source: str


def words(tag: Tag | None) -> str:
    """What a heading says, without the sign that links to it."""
    if tag is None:
        return ""
    return " ".join("".join(t for t in tag.strings if not in_headerlink(t.parent)).split())


def in_headerlink(tag: Tag | None) -> bool:
    return tag is not None and any("headerlink" in (t.get("class") or []) for t in [tag, *tag.parents])


def caption_of(figure: Tag) -> str:
    """The caption as HTML that can stand on another page: no links, no anchors."""
    found = figure.find("figcaption")
    if not isinstance(found, Tag):
        return ""
    caption = BeautifulSoup(found.decode_contents(), "html.parser")
    for link in caption.select("a.headerlink"):
        link.decompose()
    for link in caption.find_all("a"):
        link.unwrap()
    for tag in caption.find_all(True):
        tag.attrs.pop("id", None)
    for block in caption.find_all("p"):
        block.unwrap()
    return str(caption).strip()


def pictures(page: str, html: BeautifulSoup) -> list[Picture]:
    """The figures of a page, in order; tables are none."""
    found = []
    for figure in html.select("article figure"):
        outer = figure.find_parent("figure")
        image = figure.find("img")
        if outer is not None or not isinstance(image, Tag):
            continue
        section = figure.find_parent("section", id=True)
        anchor = figure.get("id") or (section["id"] if section else "")
        heading = section.find(re.compile("^h[1-6]$")) if section else html.select_one("article h1")
        alt, source = str(image.get("alt") or ""), str(image.get("src") or "")
        found.append(Picture(page, str(anchor), words(heading), caption_of(figure), alt, source))
    return found


def thumbnail(picture: Picture, outdir: Path, stem: str) -> str | None:
    """Writes the small picture; its name below `FOLDER`, or None if there is none light enough."""
    inline = INLINE.match(picture.source)
    if inline:
        kind = inline[1]
        try:
            data = base64.b64decode(inline[2], validate=True)
        except binascii.Error:
            return None
    else:
        file = ((outdir / f"{picture.page}.html").parent / picture.source).resolve()
        if not file.is_file():
            return None
        data, kind = file.read_bytes(), "svg+xml" if file.suffix == ".svg" else "png"
    if kind == "svg+xml":
        name = f"{stem}.svg"
        if len(data) > HEAVIEST:
            return None
    else:
        name, data = f"{stem}.png", small(data)
    target = outdir / FOLDER / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return name


def small(data: bytes) -> bytes:
    """A PNG no wider than a thumbnail, in few colours, its ground as transparent as before."""
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGBA")
    image.thumbnail((WIDEST, WIDEST))
    buffer = io.BytesIO()
    image.quantize(48, method=Image.Quantize.FASTOCTREE).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def card(app: Sphinx, origin: str, picture: Picture, name: str | None) -> str:
    """One figure of the gallery."""
    link = afterwards.address(app, origin, picture.page, picture.anchor)
    up = "../" * origin.count("/")
    # Without a picture, its words say what it shows; so they do without a caption.
    text = picture.caption or escape(picture.alt)
    image = (
        f'<a href="{link}" tabindex="-1"><img class="pcl-thumbnail" loading="lazy" src="{up}{FOLDER}/{name}" '
        f'alt="{escape(picture.alt)}" style="max-width:100%;max-height:14rem;width:auto;height:auto"></a>'
        if name
        else ""
    )
    return (
        f'<figure class="pcl-figure" style="margin:0">{image}<figcaption>{text}<br>'
        f'<a href="{link}">{escape(picture.section)}</a></figcaption></figure>'
    )


def gallery(app: Sphinx, origin: str) -> str:
    """All figures, page by page."""
    outdir = Path(app.outdir)
    shutil.rmtree(outdir / FOLDER, ignore_errors=True)
    parts = []
    for page, html in afterwards.written(app):
        found = pictures(page, html) if page != origin else []
        if not found:
            continue
        cards = []
        for number, picture in enumerate(found, start=1):
            name = thumbnail(picture, outdir, f"{page.rpartition('/')[2]}-{number}")
            cards.append(card(app, origin, picture, name))
        title = escape(words(html.select_one("article h1")))
        parts.append(
            f'<p class="rubric"><a href="{afterwards.address(app, origin, page)}">{title}</a>, {len(found)}</p>'
            '<div class="pcl-gallery" style="display:grid;gap:1.5rem;align-items:end;'
            f'grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr))">{"".join(cards)}</div>'
        )
    return "".join(parts)


class Gallery(SphinxDirective):
    def run(self) -> list[afterwards.nodes.Node]:
        return [afterwards.place("gallery")]


def hang(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    for name in sorted(app.env.found_docs):
        page = Path(app.outdir) / f"{name}.html"
        if page.is_file() and "<!-- begin gallery -->" in page.read_text(encoding="utf-8"):
            afterwards.fill(page, "gallery", gallery(app, name))


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("gallery", Gallery)
    app.connect("build-finished", hang)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
