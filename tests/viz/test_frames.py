"""Series of pictures: links that live in the browser, bytes that stay bounded."""

import sys

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pytest

from pcl_lib import viz
from tests.viz.html import images, parse, picture


def draw(k: int) -> plt.Figure:
    fig, ax = plt.subplots(figsize=(2, 2))
    viz.draw_cloud(
        ax, np.random.default_rng(k).uniform(-1, 1, size=(50, 2)), limits=np.array([[-1, -1], [1, 1]])
    )
    return fig


def series(**options: object) -> viz.Frames:
    return viz.frames(draw, **{"labels": ["first", "second", "third"], "alt": "Random dots", **options})


def parts(frames: viz.Frames) -> tuple[widgets.Play, widgets.IntSlider, widgets.Stack]:
    controls, stack = frames.widget.children[:2]
    return *controls.children, stack


def test_play_moves_the_slider_and_the_slider_the_pictures(monkeypatch):
    links = []
    monkeypatch.setattr(widgets, "jslink", lambda source, target: links.append((source, target)))
    play, slider, stack = parts(series())
    assert links == [((play, "value"), (slider, "value")), ((slider, "value"), (stack, "selected_index"))]
    assert [(w.min, w.max, w.value) for w in (play, slider)] == [(0, 2, 0), (0, 2, 0)]
    assert len(stack.children) == 3


def test_each_picture_has_its_alt_and_its_label():
    *_, stack = parts(series())
    pages = [parse(child.value) for child in stack.children]
    assert [page.select_one(".pcl-label").text for page in pages] == ["first", "second", "third"]
    assert [page.img["alt"] for page in pages] == [f"{k}. Random dots" for k in ("first", "second", "third")]


@pytest.mark.parametrize(
    ("start", "labels"),
    [(0, ["first", "third"]), (1, ["first", "second", "third"]), (2, ["first", "third"])],
)
def test_paper_gets_the_first_and_the_last_picture_too(start, labels):
    still = parse(series(start=start).still)
    assert [label.text for label in still.select(".pcl-label")] == labels


def test_paper_gets_the_picture_that_is_shown_first():
    frames = series(start=1, caption="Dots.")
    still = parse(frames.still).select_one("figure.pcl-figure")
    printed = still.select_one(".pcl-print-only")
    assert "display:none" in printed["style"]
    assert printed.select(".pcl-label")[1].text == "second"
    # The caption is for both, so it stands outside what only paper shows, and not in the widget.
    assert [caption.text for caption in still.find_all("figcaption", recursive=False)] == ["Dots."]
    assert len(frames.widget.children) == 2
    *_, stack = parts(frames)
    assert stack.selected_index == 1


@pytest.mark.parametrize(("size", "beside"), [((2, 2), True), ((4, 2), False)])
def test_narrow_pictures_stand_beside_each_other_on_paper(size, beside):
    frames = viz.frames(lambda _: plt.figure(figsize=size), labels=["a", "b"], alt="Empty sheets")
    assert ("pcl-print-row" in parse(frames.still).select_one(".pcl-print-only")["class"]) == beside


def test_shown_as_a_widget_and_a_still(monkeypatch):
    shown = []
    monkeypatch.setattr(sys.modules["pcl_lib.viz._frames"], "display", shown.append)
    frames = series()
    frames._ipython_display_()
    assert shown[0] is frames.widget
    assert shown[1].data == frames.still
    assert repr(frames) == "Random dots"


def test_pictures_do_not_jump():
    """A title that only one frame has moves nothing: all pictures are cut to one box."""

    def titled(k: int) -> plt.Figure:
        fig = draw(k)
        if k == 1:
            fig.axes[0].set_title("a title", pad=30)
        return fig

    *_, stack = parts(viz.frames(titled, labels=["a", "b"], alt="Dots"))
    sizes = {
        (child.value.split('width="')[1][:4], picture(images(child.value)[0]).size)
        for child in stack.children
    }
    assert len(sizes) == 1


@pytest.mark.slow
def test_many_frames_open_no_many_figures():
    assert len(parts(viz.frames(draw, labels=[str(k) for k in range(25)], alt="Dots"))[2].children) == 25


def test_figures_of_the_family_can_be_frames(ball):
    rows = [viz.clouds([ball[:n], ball], alt=f"{n} points") for n in (10, 100)]
    frames = viz.frames(rows, labels=["10", "100"], alt="More and more points")
    assert frames.n_bytes > sum(row.n_bytes for row in rows)
    assert frames.n_bytes < 300_000


def test_drawn_in_the_style():
    seen = []

    def look(k: int) -> plt.Figure:
        seen.append(plt.rcParams["axes.spines.top"])
        return draw(k)

    viz.frames(look, labels=["one"], alt="Dots")
    assert seen == [False]


@pytest.mark.slow
def test_too_many_bytes_are_refused():
    noise = np.random.default_rng(0).uniform(size=(600, 600, 3))

    def noisy(k: int) -> plt.Figure:
        fig = plt.figure(figsize=(6, 6))
        fig.figimage(np.roll(noise, k, axis=0))
        return fig

    with pytest.raises(ValueError, match=r"frames have [\d,]+ bytes, more than 2,000,000"):
        viz.frames(noisy, labels=[str(k) for k in range(8)], alt="Noise")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alt": ""}, "alt is empty"),
        ({"labels": []}, "no frames"),
        ({"n_frames": 2}, "labels has 3 entries for 2 frames"),
        ({"start": 3}, "start must be from 0 to 2, received 3"),
    ],
)
def test_errors_say_what_is_wrong(options, message):
    with pytest.raises(ValueError, match=message):
        series(**options)


def test_a_frame_must_be_a_picture():
    with pytest.raises(ValueError, match="received str"):
        viz.frames(["a"], labels=["a"], alt="A word")
