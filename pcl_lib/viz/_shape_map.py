"""A map of shapes: each cloud drawn small at its own place, one class shown at a time, without a script."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np

from pcl_lib._checks import check_integer
from pcl_lib.viz._as_numpy import as_array, as_clouds, check_alt, check_length
from pcl_lib.viz._colours import PALETTE
from pcl_lib.viz._figure import Figure, attribute, figure_html

WIDTH, HEIGHT = 1000, 700
COLOURS = (*PALETTE, "#8c564b", "#7a5195", "#6b7a00")
ABOVE_RIGHT = np.array([[0.82, 0.35], [-0.57, 0.5], [0.0, -0.94]])
"""Turns (x, y, z), z up, to the drawing's (right, down): seen from above and from the right."""


def shape_map(
    places: Any,
    clouds: Any,
    names: Sequence[str],
    *,
    alt: str,
    caption: str,
    size: int = 17,
) -> Figure:
    """Each cloud drawn at its place in the plane, for example at its code's place under t-SNE.

    A row of buttons shows one class alone; a pointer enlarges one shape. Style sheets do it, no script.

    - `places`: (S, 2), where each shape goes; scaled to the drawing.
    - `clouds`: S clouds (N, 2) or (N, 3) that fill [-1, 1]; three-dimensional ones are seen from above right.
    - `names`: S class names, at most 10 different ones; they are also the shapes' titles.
    - `alt`: what the map shows to a reader who cannot see it.
    - `caption`: below the map.
    - `size`: half the width of a shape, of the drawing's 1,000 units.

    Cost: about 10 bytes a point; thin the clouds. Errors: ValueError for numbers of places, clouds and names that
    differ, or for more than 10 classes.

    >>> shape_map([[0, 0], [1, 1]], [[[0.0, 0.5]], [[0.5, 0.0]]], ["dot", "dash"], alt="Two dots", caption="Two shapes")
    Two dots
    """
    at, drawn = as_array(places), as_clouds(clouds)
    size = check_integer("size", size, 1, 300)
    if at.ndim != 2 or at.shape[1] != 2 or len(at) == 0:
        raise ValueError(f"places must be (S, 2), received shape {at.shape}")
    check_length(drawn, len(at), "clouds", "places")
    check_length(names, len(at), "names", "places")
    classes = sorted(set(names))
    if len(classes) > len(COLOURS):
        raise ValueError(f"names must hold at most {len(COLOURS)} classes, received {len(classes)}")
    low, high = at.min(0), at.max(0)
    room = np.array([WIDTH, HEIGHT]) - 2 * size
    where = (size + (at - low) / np.where(high > low, high - low, 1.0) * room).round().astype(int)
    shapes = "".join(
        _shape(place, cloud, name, classes.index(name), size)
        for place, cloud, name in zip(where, drawn, names, strict=True)
    )
    key = f"map-of-{len(classes)}-{len(at)}"
    body = (
        f'<div id="{key}">{_style(key, len(classes))}{_buttons(key, classes)}'
        f'<svg class="pcl-canvas" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{attribute(check_alt(alt))}">'
        f"{shapes}</svg></div>"
    )
    return Figure(figure_html(body, caption), alt)


def _shape(place: np.ndarray, cloud: np.ndarray, name: str, kind: int, size: int) -> str:
    """One cloud as a path of round dots, with a disc behind it that a pointer can hit."""
    flat = cloud @ ABOVE_RIGHT if cloud.shape[-1] == 3 else cloud * [1, -1]
    dots = "".join(f"M{a} {b}h0" for a, b in (size * flat).round().astype(int))
    return (
        f'<g transform="translate({place[0]} {place[1]})" class="k{kind}"><g><title>{html.escape(name)}</title>'
        f'<circle r="{size}"/><path stroke="{COLOURS[kind]}" d="{dots}"/></g></g>'
    )


def _style(key: str, n_classes: int) -> str:
    alone = "".join(
        f"#{key}:has(input[value=k{k}]:checked) svg>g:not(.k{k}){{opacity:.08}}" for k in range(n_classes)
    )
    return (
        f"<style>#{key} path{{fill:none;stroke-width:3.2;stroke-linecap:round}}#{key} circle{{fill:transparent}}"
        f"#{key} g g{{transition:transform .15s}}#{key} g g:hover{{transform:scale(3)}}"
        f"#{key} svg:has(g g:hover)>g:not(:hover){{opacity:.2}}"
        f"#{key} label{{margin:0 .45rem;white-space:nowrap}}"
        f"#{key} svg{{width:100%;height:auto;display:block;overflow:visible}}{alone}</style>"
    )


def _buttons(key: str, classes: list[str]) -> str:
    """One for all classes and one for each; on paper, without the buttons, they are the key of the colours."""
    choices = [("all", "all"), *((f"k{k}", _dot(k) + html.escape(name)) for k, name in enumerate(classes))]
    inputs = "".join(
        f'<label><input type="radio" name="{key}" value="{value}"{" checked" if value == "all" else ""}> '
        f"{label}</label>"
        for value, label in choices
    )
    return f'<div role="radiogroup" aria-label="Class shown" style="text-align:center">{inputs}</div>'


def _dot(kind: int) -> str:
    look = "display:inline-block;width:.65em;height:.65em;border-radius:50%;print-color-adjust:exact"
    return f'<span class="pcl-dot" style="{look};background:{COLOURS[kind]}"></span> '
