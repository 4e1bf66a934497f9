"""Results beside the paper's: one table, each column marked with where its numbers come from."""

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch

from pcl_lib.viz.arrays import check_alt
from pcl_lib.viz.figure import Figure

Kind = Literal["", "paper", "code", "ours"]
KINDS = {"": "", "paper": "paper", "code": "released code", "ours": "this book"}


def table(
    rows: Sequence[Sequence[Any] | Mapping[str, Any]],
    *,
    columns: Sequence[str] | Mapping[str, Kind],
    caption: str,
    device: str | None = None,
    date: str | None = None,
    digits: int = 3,
) -> Figure:
    """Sets rows of results as an HTML table.

    `columns` are the headers; as a mapping header -> kind the kind is "paper", "code", "ours" or "" and is
    written under the header. A row is a sequence in the columns' order, or a mapping by header. A cell is
    text, a number, `None` (not reported), or several numbers (seeds), set as mean ± standard deviation.
    """
    caption = check_alt(caption)
    kinds = dict(columns) if isinstance(columns, Mapping) else dict.fromkeys(columns, "")
    for header, kind in kinds.items():
        if kind not in KINDS:
            raise ValueError(f"columns[{header!r}] is {kind!r}; expected one of {list(KINDS)}")
    lines = []
    for i, row in enumerate(rows):
        cells = [row.get(header) for header in kinds] if isinstance(row, Mapping) else list(row)
        if len(cells) != len(kinds):
            raise ValueError(f"rows[{i}] has {len(cells)} cells for {len(kinds)} columns {list(kinds)}")
        lines.append([cell_text(cell, digits) for cell in cells])
    head = "".join(
        f'<th scope="col" class="pcl-{kind or "label"}">{html.escape(header)}'
        + (f'<small class="pcl-kind">{KINDS[kind]}</small>' if kind else "")
        + "</th>"
        for header, kind in kinds.items()
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row">{html.escape(text)}</th>'
            if j == 0
            else f'<td class="pcl-{kind or "label"}">{html.escape(text)}</td>'
            for j, (text, kind) in enumerate(zip(line, kinds.values()))
        )
        + "</tr>"
        for line in lines
    )
    facts = " · ".join(word for word in (device and f"Device: {device}", date and f"Date: {date}") if word)
    foot = f'<p class="pcl-facts">{html.escape(facts)}</p>' if facts else ""
    page = (
        f'<div class="pcl-table" tabindex="0" role="region" aria-label="{html.escape(caption, quote=True)}" style="overflow-x:auto">'
        f"<table><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{foot}</div>"
    )
    text = "\n".join(
        [caption, " | ".join(kinds)] + [" | ".join(line) for line in lines] + ([facts] if facts else [])
    )
    return Figure(page, text)


def cell_text(cell: Any, digits: int = 3) -> str:
    """A cell as text; `digits` are significant ones.

    >>> [cell_text(c) for c in ("ours", None, 0.012345, 12345, [1.0, 2.0, 3.0])]
    ['ours', '–', '0.0123', '12345', '2.00 ± 1.00']
    """
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, (bool, np.bool_)):
        return "yes" if cell else "no"
    if isinstance(cell, torch.Tensor):
        cell = cell.detach().cpu().numpy()
    numbers = np.asarray(cell)
    if numbers.ndim == 0:
        return number_text(numbers.item(), digits)
    if numbers.ndim != 1 or numbers.size == 0:
        raise ValueError(f"a cell is text, a number or a list of numbers, received shape {numbers.shape}")
    if numbers.size == 1:
        return number_text(numbers.item(), digits)
    mean, std = float(numbers.mean()), float(numbers.std(ddof=1))
    places = decimals(mean, digits)
    return f"{mean:.{places}f} ± {std:.{places}f}"


def decimals(number: float, digits: int) -> int:
    """Decimal places that give `digits` significant digits."""
    return (
        max(digits - 1 - math.floor(math.log10(abs(number))), 0)
        if number and math.isfinite(number)
        else digits - 1
    )


def number_text(number: Any, digits: int) -> str:
    """Whole numbers as they are, others to `digits` significant digits, tiny and huge ones with a power."""
    if isinstance(number, int):
        return str(number)
    if not math.isfinite(number):
        return str(number)
    if number and not 1e-4 <= abs(number) < 1e6:
        return f"{number:.{digits - 1}e}"
    return f"{number:.{decimals(number, digits)}f}"
