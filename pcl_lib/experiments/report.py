"""The tables of a ledger: the claims of a paper with their verdicts, and how many there are of each; and how a table
of a paper was printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import multimode

from pcl_lib import viz
from pcl_lib.experiments.claims import VERDICTS, Claim


def claims_table(claims: Sequence[Claim], caption: str) -> viz.Figure:
    """Each claim of a paper or a post with its verdict, its number, and a link to where this book measures it."""
    table = viz.table(
        [[c.words, c.verdict, c.number, c.where, f"[{k}]"] for k, c in enumerate(claims)],
        columns={
            "the source's claim": "",
            "verdict": "ours",
            "the number": "ours",
            "section there": "",
            "section here": "ours",
        },
        caption=caption,
    )
    html = table.html
    for k, claim in enumerate(claims):
        html = html.replace(f"[{k}]", f'<a href="{claim.chapter}">{heading(claim.chapter)}</a>')
    return viz.Figure(html, table.text)


NAMES = {
    "hypercd": "HyperCD",
    "pcloss": "PCLoss",
    "chamfer": "Chamfer",
    "lagrangian": "Lagrangian",
    "fig": "Fig.",
}
"""What an anchor writes small."""


def heading(chapter: str) -> str:
    """What a link to a section is called: its anchor in words.

    >>> heading("completion.html#the-weighted-chamfer-distance"), heading("learned-losses.html#pcloss")
    ('The weighted Chamfer distance', 'PCLoss')
    """
    words = [NAMES.get(word, word) for word in chapter.split("#")[1].split("-")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def verdicts_table(papers: Mapping[str, Sequence[Claim]], caption: str) -> viz.Figure:
    """How many claims there are of each verdict, a row for each paper or part of one."""
    rows = []
    for paper, claims in papers.items():
        count = Counter(claim.verdict for claim in claims)
        rows.append([paper, len(claims), *(count[verdict] for verdict in VERDICTS)])
    return viz.table(rows, columns=["paper", "claims", *VERDICTS], caption=caption)


def as_printed(rows: Sequence[Sequence[float | None]]) -> list[list[str | None]]:
    """Numbers of a paper's table with the decimal places that it prints, where a zero at their end was lost.

    A column has the places that most of its numbers have; one with more of them keeps its own.

    >>> as_printed([[9.38, 0.5163], [100.0, 1234.567], [38.52, 1.285]])
    [['9.38', '0.5163'], ['100.00', '1,234.567'], ['38.52', '1.285']]
    """
    columns = []
    for column in zip(*rows, strict=True):
        own = [None if value is None else len(repr(float(value)).partition(".")[2]) for value in column]
        usual = max(multimode(places for places in own if places is not None), default=0)
        columns.append(
            [
                None if value is None or places is None else f"{value:,.{max(places, usual)}f}"
                for value, places in zip(column, own, strict=True)
            ]
        )
    return [list(row) for row in zip(*columns, strict=True)]
