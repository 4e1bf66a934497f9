"""Pictures side by side: where they may be cut for a phone, and where not."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from pcl_lib import viz
from tests.viz.html import parse


def row(columns: int = 2, rows: int = 1, **options) -> tuple[plt.Figure, np.ndarray]:
    with viz.style():
        fig, axes = plt.subplots(rows, columns, figsize=(8, 3 * rows), squeeze=False, **options)
        for ax in axes.flat:
            ax.plot([0, 1, 2], [10, 1000, 2], label="a line")
            ax.set(xlabel="step", ylabel="loss", title="A title")
    return fig, axes


def parts(fig: plt.Figure) -> list[list[float]]:
    data = parse(viz.show(fig, alt="Lines").html).select_one(".pcl-scroll").get("data-parts", "")
    return [[float(number) for number in part.split()] for part in data.split(";") if part]


@pytest.mark.parametrize("columns", [2, 3, 4])
def test_columns_are_cut_between_their_axes(columns):
    fig, axes = row(columns)
    found = parts(fig)
    assert len(found) == columns
    np.testing.assert_allclose(
        np.cumsum([0, *(part[2] for part in found)])[:-1], [part[0] for part in found], atol=2e-4
    )
    assert sum(part[2] for part in found) == pytest.approx(1, abs=1e-3)
    for (left, top, width, height), ax in zip(found, axes[0], strict=True):
        assert (top, height) == (0, 1)
        # Axes and labels are inside their part: those of the picture and of the figure differ by a thin margin.
        place = ax.get_position()
        assert left < place.x0
        assert place.x1 < left + width + 0.01


@pytest.mark.slow
def test_rows_are_read_one_after_the_other():
    fig, axes = row(2, 2)
    found = parts(fig)
    assert len(found) == 4
    for (left, top, width, height), ax in zip(found, axes.flat, strict=True):
        place = ax.get_position()
        assert left < place.x0 < place.x1 < left + width + 0.01
        assert top - 0.01 < 1 - place.y1 < 1 - place.y0 < top + height


def test_an_empty_place_is_no_part():
    fig, axes = row(2, 2)
    axes[1, 1].set_visible(False)
    assert len(parts(fig)) == 3


def test_a_column_keeps_its_numbers():
    found = parts(row(2, 2, sharex=True)[0])
    assert [(part[1], part[3]) for part in found] == [(0, 1), (0, 1)]


def test_a_legend_above_all_is_a_part_of_its_own():
    fig, axes = row(2)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center")
    legend, *pictures = parts(fig)
    assert legend[1] == 0
    assert legend[2] < 0.4, "without the empty paper beside it"
    assert [part[1] for part in pictures] == [legend[3], legend[3]]
    assert pictures[0][3] == pytest.approx(1 - legend[3], abs=1e-3)


def shared_numbers() -> plt.Figure:
    return row(2, sharey=True)[0]


def list_beside_its_rows() -> plt.Figure:
    fig, axes = row(2, sharey=True)
    axes[0, 1].axis("off")
    return fig


def titled() -> plt.Figure:
    fig, _ = row(2)
    fig.suptitle("One title for both")
    return fig


def with_bar() -> plt.Figure:
    fig, axes = row(2)
    fig.colorbar(axes[0, 0].scatter([0, 1], [0, 1], c=[0, 1]), ax=axes)
    return fig


def with_words() -> plt.Figure:
    fig, _ = row(2)
    fig.text(0.5, 0.5, "between them")
    return fig


def legend_below() -> plt.Figure:
    fig, axes = row(2)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center")
    return fig


@pytest.mark.parametrize(
    "draw",
    [
        shared_numbers,
        list_beside_its_rows,
        titled,
        with_bar,
        with_words,
        legend_below,
        lambda: row(1)[0],
        lambda: row(5)[0],
    ],
)
def test_what_belongs_together_is_not_cut(draw):
    assert parts(draw()) == []


@pytest.mark.slow
def test_the_frames_of_a_series_are_cut_alike():
    def draw(i: int) -> plt.Figure:
        fig, axes = row(2)
        axes[0, 0].set_ylim(0, 10.0 ** (3 * i))  # longer numbers take more room
        return fig

    frames = viz.frames(draw, labels=["first", "second", "last"], alt="Lines")
    cuts = {place.get("data-parts") for place in parse(frames.still).select(".pcl-scroll")}
    assert len(cuts) == 1
    assert len(cuts.pop().split(";")) == 2
