"""Curves over seeds."""

import sys

import matplotlib.figure
import numpy as np
import pytest
import torch

from pcl_lib import viz
from pcl_lib.viz._ticks import plain
from tests.viz.html import data, images, parse

RUNS = np.random.default_rng(0).uniform(1, 2, size=(3, 20))


@pytest.fixture
def drawn(monkeypatch):
    """The matplotlib figure behind the picture."""
    kept = []

    def keep(fig: matplotlib.figure.Figure, **options: object) -> viz.Figure:
        kept.append(fig)
        return viz.show(fig, **options)

    monkeypatch.setattr(sys.modules["pcl_lib.viz._curves"], "show", keep)
    return kept


def test_the_line_is_the_mean_and_the_band_holds_every_seed(drawn):
    figure = viz.curves({"loss": RUNS}, xlabel="step", ylabel="loss", alt="A noisy loss")
    (ax,) = drawn[0].axes
    np.testing.assert_allclose(ax.lines[0].get_ydata(), RUNS.mean(axis=0))
    edge = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert edge.min() == RUNS.min()
    assert edge.max() == RUNS.max()
    assert "mean of 3 seeds; band: from the smallest to the largest" in parse(figure.html).figcaption.text
    assert images(figure.html)[0]["alt"] == "A noisy loss"


def test_the_band_can_be_a_standard_deviation(drawn):
    figure = viz.curves({"loss": RUNS}, xlabel="s", ylabel="l", alt="a", band="std", caption="First.")
    edge = drawn[0].axes[0].collections[0].get_paths()[0].vertices[:, 1]
    assert edge.max() == pytest.approx((RUNS.mean(0) + RUNS.std(0, ddof=1)).max())
    assert parse(figure.html).figcaption.text.startswith("First. Line: mean of 3 seeds; band: one standard")


def test_one_run_has_no_band_and_no_note(drawn):
    figure = viz.curves({"loss": torch.tensor(RUNS[0], requires_grad=True)}, xlabel="s", ylabel="l", alt="a")
    assert len(drawn[0].axes[0].collections) == 0
    assert parse(figure.html).figcaption is None


def test_curves_can_be_told_without_colour(drawn):
    viz.curves({str(k): RUNS + k for k in range(7)}, xlabel="s", ylabel="l", alt="Seven losses")
    lines = drawn[0].axes[0].lines
    assert len({str(line._unscaled_dash_pattern) for line in lines}) == 7
    assert len({line.get_color() for line in lines}) == 7
    (legend,) = drawn[0].legends
    assert [text.get_text() for text in legend.get_texts()] == [str(k) for k in range(7)]


def test_many_steps_are_thinned(drawn):
    viz.curves({"a": np.arange(1201.0)}, xlabel="s", ylabel="l", alt="A line")
    assert drawn[0].axes[0].lines[0].get_ydata().tolist() == list(range(0, 1201, 3))


def test_each_label_may_have_its_own_steps(drawn):
    viz.curves(
        {"a": [1, 2], "b": [1, 2, 3]}, x={"a": [0, 5], "b": [0, 1, 2]}, xlabel="s", ylabel="l", alt="a"
    )
    assert [line.get_xdata().tolist() for line in drawn[0].axes[0].lines] == [[0, 5], [0, 1, 2]]


def test_same_numbers_same_bytes_and_few_of_them():
    options = {"xlabel": "step", "ylabel": "loss", "logy": True, "alt": "Falling"}
    long = {k: np.exp(-np.linspace(0, 5, 2000))[None] * RUNS[:, :1] for k in "abc"}
    figure = viz.curves(long, **options)
    assert figure.html == viz.curves(long, **options).html
    assert figure.n_bytes < 150_000
    assert data(images(figure.html)[0]).startswith(b"<?xml")


def test_log_axes_are_numbered_without_powers(drawn):
    viz.curves(
        {"a": [1, 0.1, 0.02]}, x=[10, 100, 1000], xlabel="n", ylabel="l", logx=True, logy=True, alt="a"
    )
    (ax,) = drawn[0].axes
    drawn[0].draw_without_rendering()
    assert {"0.1", "1"} <= {label.get_text() for label in ax.get_yticklabels()}
    assert {"0.02", "0.05"} <= {label.get_text() for label in ax.get_yticklabels(minor=True)}
    assert plain(3e-7) == "$3 \\times 10^{-7}$"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"series": {}}, "series is empty"),
        ({"series": {"a": np.zeros((2, 3, 4))}}, r"received \(2, 3, 4\)"),
        ({"series": {"a": []}}, r"received \(0,\)"),
        ({"series": {"a": 1.0}}, r"received \(\)"),
        ({"x": [1, 2]}, r"received \(3,\) with x of shape \(2,\)"),
        ({"series": {"a": [1, 0, 2]}, "logy": True}, "not positive"),
        ({"logx": True}, "not positive"),
        ({"band": "iqr"}, "'minmax' or 'std'"),
        ({"alt": " "}, "alt is empty"),
    ],
)
def test_errors_say_what_is_wrong(change, message):
    arguments = {"series": {"a": [1, 2, 3]}, "xlabel": "s", "ylabel": "l", "alt": "a", **change}
    with pytest.raises(ValueError, match=message):
        viz.curves(arguments.pop("series"), **arguments)
