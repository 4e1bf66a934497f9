"""The display object that every still figure of the book is, and the HTML around it."""

import base64
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pcl_lib.viz._as_numpy import check_alt
from pcl_lib.viz._typeset import ASIDE, typeset, unbroken

TALL = 1.75  # times as high as wide: on paper such a picture takes a whole sheet


@dataclass(frozen=True)
class Image:
    """An encoded picture: `kind` is "svg+xml" or "png", `width` and `height` are CSS pixels."""

    data: bytes
    kind: str
    width: int
    height: int

    def tag(self, alt: str, name: str = "") -> str:
        """The `<img>` element, self-contained; `name` is its class."""
        label = f'class="{name}" ' if name else ""
        code = base64.b64encode(self.data).decode("ascii")
        # White paper behind dark ink, for notebooks with a dark theme; the book's style sheet takes it away.
        return (
            f'<img {label}alt="{attribute(check_alt(alt))}" '
            f'width="{self.width}" height="{self.height}" '
            'style="display:block;margin:0 auto;max-width:100%;height:auto;background:#fff" '
            f'src="data:image/{self.kind};base64,{code}">'
        )


@dataclass(frozen=True, repr=False)
class Figure:
    """A finished figure: `html` for the page, `text` where there are no pictures.

    As the last expression of a cell, or handed to `display`, it shows itself.
    """

    html: str
    text: str

    def __repr__(self) -> str:
        return self.text

    @property
    def n_bytes(self) -> int:
        """What the figure adds to the page."""
        return len(self.html.encode("utf-8"))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


def attribute(text: str) -> str:
    """Text for an HTML attribute in double quotes."""
    return html.escape(text, quote=True)


def words(text: str) -> str:
    """Text for the page; `$...$` becomes mathematics as Sphinx marks it, backquotes mark code; the rest is typeset.

    >>> words("a < -1, $x_i$, `f(-1)`")
    'a &lt; −1, <span class="math notranslate nohighlight">\\\\(x_i\\\\)</span>, <code>f(-1)</code>'
    """
    parts = re.split(f"({ASIDE})", html.escape(typeset(text), quote=False))
    parts[::2] = map(unbroken, parts[::2])
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", "".join(parts))
    return re.sub(r"\$([^$]+)\$", r'<span class="math notranslate nohighlight">\\(\1\\)</span>', safe)


def alt_of(i: int, n: int, titles: Sequence[str] | None, alt: str) -> str:
    """What picture `i` of `n` says to who cannot see it: its title, or without one its number, and what all show.

    >>> alt_of(0, 2, ["a ball", ""], "Two balls"), alt_of(1, 2, ["a ball", ""], "Two balls")
    ('a ball. Two balls', 'Picture 2 of 2. Two balls')
    """
    if n == 1:
        return alt
    return f"{(titles and titles[i]) or f'Picture {i + 1} of {n}'}. {alt}"


def title_html(title: str) -> str:
    """A title above a picture, as text of the page: it keeps its size on a phone."""
    return f'<p class="pcl-title" style="margin:0;text-align:center">{words(title)}</p>'


def scroll_html(picture: Image, alt: str, parts: Sequence[tuple[float, ...]] | None = None) -> str:
    """A picture with lettering: on a narrow screen it keeps a readable size, and scrolls if it must.

    `parts` (left, top, width, height in shares of it) are set one under the other there by the book's script.
    """
    cuts = ";".join(" ".join(f"{number:.4g}" for number in part) for part in parts or ())
    data = f'data-parts="{cuts}" ' if cuts else ""
    style = f"overflow-x:auto;--pcl-width:{picture.width}px"
    name = "pcl-scroll pcl-tall" if picture.height > TALL * picture.width else "pcl-scroll"
    return f'<div class="{name}" {data}style="{style}">{picture.tag(alt)}</div>'


def row_html(cells: list[str], columns: int, name: str = "", attributes: str = "") -> str:
    """Pictures side by side; the style sheet wraps them on a narrow screen."""
    inside = "".join(f'<div class="pcl-panel" style="min-width:0">{cell}</div>' for cell in cells)
    return (
        f'<div class="{f"{name} pcl-row".strip()}" {attributes}style="--pcl-columns:{columns};display:grid;'
        f'gap:.5rem 1rem;align-items:end;grid-template-columns:repeat({columns},1fr)">{inside}</div>'
    )


def figure_html(body: str, caption: str | None = None, name: str = "") -> str:
    """`body` as a `<figure>` of the family."""
    below = f'<figcaption style="text-align:center">{words(caption)}</figcaption>' if caption else ""
    return f'<figure class="{f"pcl-figure {name}".strip()}" style="margin:1rem 0">{body}{below}</figure>'
