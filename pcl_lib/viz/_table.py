"""Results beside the paper's: one table, each column marked with where its numbers come from."""

from collections.abc import Mapping, Sequence
from typing import Any

from pcl_lib.viz._as_numpy import check_alt
from pcl_lib.viz._figure import Figure, attribute, words
from pcl_lib.viz._numbers import cell_text, is_number

KINDS = {"": "", "paper": "paper", "code": "released code", "ours": "this book"}


def table(
    rows: Sequence[Sequence[Any] | Mapping[str, Any]],
    *,
    columns: Sequence[str] | Mapping[str, str],
    caption: str,
    device: str | None = None,
    date: str | None = None,
    digits: int = 3,
) -> Figure:
    """Sets results as an HTML table; on a narrow screen it scrolls, on a page of the book its rows become cards.

    - `columns`: the headers. As a mapping header -> kind, the kind ("paper", "code", "ours", or "" for neither) is
      written under the header, so nobody takes the paper's number for ours.
    - `rows`: sequences in the columns' order, or mappings by header (a missing header is an empty cell). The
      first cell names the row. A cell is text (`$...$` is mathematics, backquotes mark code), a number (to
      `digits` significant digits), `None` (not reported), or one number per seed, set as mean ± standard
      deviation (n - 1).
    - `caption`: what the table shows. Required; it is also the table's name for screen readers.
    - `device`, `date`: where and when our numbers were computed, set under the table.

    Errors: `ValueError` if a row does not have one cell per column, a kind is unknown, or `caption` is empty.

    >>> print(table([["Chamfer", 0.5, [0.4, 0.6]]], columns={"loss": "", "CD": "paper", "our CD": "ours"},
    ...             caption="Two results", device="CPU"))
    Two results
    loss | CD (paper) | our CD (this book)
    Chamfer | 0.500 | 0.500 ± 0.141
    Device: CPU
    """
    caption = check_alt(caption, "caption")
    kinds = dict(columns) if isinstance(columns, Mapping) else dict.fromkeys(columns, "")
    if not kinds or len(kinds) != len(columns):
        raise ValueError(f"columns must be different headers, at least one, received {list(columns)}")
    for header, kind in kinds.items():
        if kind not in KINDS:
            raise ValueError(f"columns[{header!r}] must be one of {list(KINDS)}, received {kind!r}")
    lines = [row_text(row, list(kinds), f"rows[{i}]", digits) for i, row in enumerate(rows)]
    facts = " · ".join(
        f"{name}: {fact}" for name, fact in (("Device", device), ("Date", date)) if fact is not None
    )
    marked = [f"{header} ({KINDS[kind]})" if kind else header for header, kind in kinds.items()]
    text = "\n".join([caption, *(" | ".join(line) for line in [marked, *lines]), *([facts] if facts else [])])
    return Figure(table_html(kinds, lines, caption, facts), text)


def row_text(row: Sequence[Any] | Mapping[str, Any], headers: list[str], name: str, digits: int) -> list[str]:
    """The cells of a row as text, in the order of the headers."""
    if isinstance(row, Mapping):
        unknown = [header for header in row if header not in headers]
        if unknown:
            raise ValueError(
                f"{name} has cells for {unknown}, which are no columns; the columns are {headers}"
            )
        cells = [row.get(header) for header in headers]
    else:
        cells = list(row)
    if len(cells) != len(headers):
        raise ValueError(f"{name} has {len(cells)} cells for {len(headers)} columns {headers}")
    return [cell_text(cell, digits) for cell in cells]


def table_html(kinds: Mapping[str, str], lines: list[list[str]], caption: str, facts: str) -> str:
    """The table; its looks without the book's style sheet are the notebook's own."""
    names = [
        (f"pcl-{kind}" if kind else "pcl-plain") + (" pcl-number" if all(map(is_number, column)) else "")
        for kind, column in zip(kinds.values(), zip(*lines, strict=True), strict=True)
    ]
    head = "".join(
        f'<th scope="col" class="{name}">{words(header)}'
        + (f'<br><small class="pcl-kind">{KINDS[kind]}</small>' if kind else "")
        + "</th>"
        for name, (header, kind) in zip(names, kinds.items(), strict=True)
    )
    body = "".join(f"<tr>{line_html(line, names)}</tr>" for line in lines)
    below = f'<p class="pcl-facts">{words(facts)}</p>' if facts else ""
    # Only the table scrolls, not its caption; it is focusable, so that the arrow keys scroll it.
    return (
        f'<figure class="pcl-table" style="margin:1rem 0"><figcaption>{words(caption)}</figcaption>'
        f'<div role="region" aria-label="{attribute(caption)}" tabindex="0" style="overflow-x:auto">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{below}</figure>"
    )


def line_html(line: list[str], names: list[str]) -> str:
    """The first cell heads the row; a column of numbers stands right, as does its head."""
    first, *rest = (f'class="{name}">{words(text)}' for text, name in zip(line, names, strict=True))
    return f'<th scope="row" {first}</th>' + "".join(f"<td {cell}</td>" for cell in rest)
