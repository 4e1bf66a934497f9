"""The display object that every still figure of the book is."""

import base64
import html
from dataclasses import dataclass

from pcl_lib.viz.arrays import check_alt


@dataclass(frozen=True)
class Image:
    """An encoded picture: `kind` is "svg+xml" or "png", `width` and `height` are CSS pixels."""

    data: bytes
    kind: str
    width: int
    height: int

    def tag(self, alt: str) -> str:
        """The `<img>` element, self-contained."""
        text = html.escape(check_alt(alt), quote=True)
        code = base64.b64encode(self.data).decode("ascii")
        # White paper behind the dark ink for notebooks with a dark theme; the book's style sheet takes it away.
        return (
            f'<img alt="{text}" width="{self.width}" height="{self.height}" '
            f'style="max-width:100%;height:auto;background:#fff" src="data:image/{self.kind};base64,{code}">'
        )


@dataclass(frozen=True, repr=False)
class Figure:
    """A finished figure: `html` for the page, `alt` where there are no pictures.

    As the last expression of a cell, or handed to `display`, it shows itself.
    """

    html: str
    alt: str

    def __repr__(self) -> str:
        return self.alt

    @property
    def n_bytes(self) -> int:
        """What the figure adds to the page."""
        return len(self.html.encode("utf-8"))

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.alt}


def figure_html(body: str, caption: str | None = None, extra_class: str = "") -> str:
    """`body` as a `<figure>` of the family; the caption is plain text."""
    name = f"pcl-figure {extra_class}".strip()
    words = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="{name}" style="margin:1rem 0">{body}{words}</figure>'
