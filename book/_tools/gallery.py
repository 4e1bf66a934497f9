"""Sphinx extension: `{gallery}` shows every figure of the book, small, with its caption and a link to its section.

The figures are read from the written pages. A picture of points becomes a thumbnail; a drawing of lines stays one, with
coarser coordinates. The page must stay light: of the drawings the lightest are shown, and of the others their words.
"""

from __future__ import annotations

import base64
import io
import re
import shutil
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book._tools import afterwards

FOLDER = "_images/gallery"
WIDEST = 320
"""Pixels of a thumbnail."""
BUDGET = 2_400_000
"""Bytes of all drawings together."""
PANELS = 4
"""Pictures of a figure that go side by side into its thumbnail."""
DRAWN = "img:not(.pcl-ramp)"
"""A picture; the scale of its colours is none."""
COUNTED = re.compile(r"^Picture \d+ of \d+\. ")
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
    sources: tuple[str, ...]
    """Of its panels, as the page has them."""


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
        image = figure.select_one(f"{DRAWN}, svg[aria-label]")
        if outer is not None or image is None:
            continue
        section = figure.find_parent("section", id=True)
        named = figure.find_parent(class_="pcl-numbered", id=re.compile(r"^(?!id\d+$)"))  # by the page
        anchor = figure.get("id") or (named or section or {}).get("id", "")
        heading = section.find(re.compile("^h[1-6]$")) if section else html.select_one("article h1")
        alt = COUNTED.sub("", str(image.get("alt") or image.get("aria-label") or ""))
        sources = tuple(str(panel.get("src") or "") for panel in figure.select(DRAWN))
        found.append(Picture(page, str(anchor), words(heading), caption_of(figure), alt, sources))
    return found


def thumbnail(picture: Picture, outdir: Path) -> tuple[str, bytes] | None:
    """The small picture: how its file's name ends, and what it holds."""
    panels = []
    for source in picture.sources[:PANELS]:
        inline = INLINE.match(source)
        if inline:
            data, lines = base64.b64decode(inline[2]), inline[1] != "png"
        else:
            file = ((outdir / f"{picture.page}.html").parent / unquote(source)).resolve()
            if not file.is_file():
                continue
            data, lines = file.read_bytes(), file.suffix == ".svg"
        if lines:
            return ".svg", coarse(data)
        panels.append(data)
    return (".png", small(panels)) if panels else None


def coarse(data: bytes) -> bytes:
    """A drawing with tenths of a point, which are finer than a thumbnail's pixels, and without what nobody sees."""
    data = re.sub(rb"<!--.*?-->|<metadata>.*?</metadata>", b"", data, flags=re.DOTALL)
    data = re.sub(rb"[ \t]*\n\s*", b"\n", data)
    places = rb'(?<= d=")[^"]+|(?<= [xy]=")[^"]+|(?<=translate\()[^)]+'
    return re.sub(places, lambda place: re.sub(rb"(\.\d)\d+", rb"\1", place[0]), data)


def small(panels: list[bytes]) -> bytes:
    """PNGs side by side, no wider than a thumbnail, in few colours, their ground as transparent as before."""
    images = []
    for data in panels:
        with Image.open(io.BytesIO(data)) as opened:
            image = opened.convert("RGBA")
        image.thumbnail((WIDEST // len(panels), WIDEST))
        images.append(image)
    strip = Image.new("RGBA", (sum(i.width for i in images), max(i.height for i in images)))
    left = 0
    for image in images:
        strip.paste(image, (left, strip.height - image.height))
        left += image.width
    buffer = io.BytesIO()
    strip.quantize(48, method=Image.Quantize.FASTOCTREE).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def card(app: Sphinx, origin: str, picture: Picture, name: str | None) -> str:
    """One figure of the gallery."""
    link = afterwards.address(app, origin, picture.page, picture.anchor)
    up = "../" * origin.count("/")
    # Without a picture, its words say what it shows; so they do without a caption.
    text = picture.caption or escape(picture.alt)
    image = (
        f'<a href="{link}" tabindex="-1"><img class="pcl-thumbnail" loading="lazy" src="{up}{FOLDER}/{name}" '
        f'alt="{escape(picture.alt)}"></a>'
        if name
        else ""
    )
    return (
        f'<figure class="pcl-figure">{image}<figcaption>{text}<br>'
        f'<a href="{link}">{escape(picture.section)}</a></figcaption></figure>'
    )


def write_thumbnails(found: list[Picture], outdir: Path) -> list[str | None]:
    """The files' names below `FOLDER`; None where a figure has no picture, or one too heavy for the page."""
    shutil.rmtree(outdir / FOLDER, ignore_errors=True)
    (outdir / FOLDER).mkdir(parents=True)
    files = [thumbnail(picture, outdir) for picture in found]
    names: list[str | None] = [None] * len(found)
    spent = 0
    for size, number in sorted((len(file[1]), number) for number, file in enumerate(files) if file):
        suffix, data = files[number] or ("", b"")
        spent += size if suffix == ".svg" else 0
        if suffix == ".svg" and spent > BUDGET:
            continue
        names[number] = f"{found[number].page.rpartition('/')[2]}-{number + 1}{suffix}"
        (outdir / FOLDER / str(names[number])).write_bytes(data)
    return names


def gallery(app: Sphinx, origin: str) -> str:
    """All figures, page by page."""
    pages = [(page, html) for page, html in afterwards.written(app) if page != origin]
    found = [picture for page, html in pages for picture in pictures(page, html)]
    names = write_thumbnails(found, Path(app.outdir))
    parts = []
    for page, html in pages:
        own = [(picture, name) for picture, name in zip(found, names, strict=True) if picture.page == page]
        if own:
            title = escape(words(html.select_one("article h1")))
            parts.append(
                f'<p class="rubric"><a href="{afterwards.address(app, origin, page)}">{title}</a></p>'
                '<div class="pcl-gallery">'
                + "".join(card(app, origin, picture, name) for picture, name in own)
                + "</div>"
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
