"""Any matplotlib figure on the page: vectors, pixels, and the style around them."""

import io
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from pcl_lib import viz
from pcl_lib.viz._encode import DENSITY, palette_png
from tests.viz.html import data, images, parse, picture


def plot() -> plt.Figure:
    with viz.style():
        fig, ax = plt.subplots()
        ax.plot([1, 2, 3], [2, 1, 3], label="a line")
        ax.legend()
    return fig


def test_vectors_parse_have_no_fonts_and_repeat_to_the_byte():
    figure = viz.show(plot(), alt="A line", caption="It falls and rises.")
    (image,) = images(figure.html)
    assert image["alt"] == "A line"
    svg = data(image)
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    assert b"<text" not in svg
    assert b"<dc:date" not in svg
    assert figure.html == viz.show(plot(), alt="A line", caption="It falls and rises.").html
    # One point is 100 / 72 pixels of the page.
    assert float(root.get("width").removesuffix("pt")) / 72 * 100 == pytest.approx(int(image["width"]), abs=1)
    assert figure.n_bytes < 60_000


def test_the_svg_has_no_ground():
    root = ElementTree.fromstring(data(images(viz.show(plot(), alt="A line").html)[0]))
    patches = [e for e in root.iter() if e.get("id") == "patch_1"]
    assert patches
    assert "fill: none" in patches[0][0].get("style", "") or patches[0][0].get("fill") == "none"


def test_pixels_on_request():
    (image,) = images(viz.show(plot(), alt="A line", vector=False).html)
    assert picture(image).mode == "P"
    assert picture(image).width == pytest.approx(2 * int(image["width"]), abs=1)


def test_the_palette_gives_the_same_colours_over_white():
    """Pixels in a few colours come back exactly (to rounding) when laid over white paper."""
    rng = np.random.default_rng(1)
    colours = np.array(
        [[255, 255, 255], [0, 114, 178], [128, 128, 128], [240, 228, 66], [0, 0, 0]], dtype=np.uint8
    )
    pixels = colours[rng.integers(0, len(colours), size=(40, 60))]
    image = palette_png(Image.fromarray(pixels))
    assert (image.width, image.height) == (60 / DENSITY, 40 / DENSITY)
    back = Image.open(io.BytesIO(image.data)).convert("RGBA")
    paper = Image.new("RGBA", back.size, "white")
    paper.alpha_composite(back)
    difference = np.abs(np.asarray(paper.convert("RGB"), dtype=int) - pixels.astype(int))
    assert difference.max() <= 2
    white = (pixels == 255).all(axis=-1)
    assert (np.asarray(back)[white][:, 3] == 0).all()
    blue = (pixels == colours[1]).all(axis=-1)
    assert (np.asarray(back)[blue][:, 3] == 255).all()


@pytest.mark.parametrize("alt", ["", "   ", "\n\t"])
def test_no_alt_no_figure(alt):
    fig = plot()
    with pytest.raises(ValueError, match="alt is empty"):
        viz.show(fig, alt=alt)
    plt.close(fig)


def test_axes_are_not_a_figure():
    fig = plot()
    with pytest.raises(ValueError, match=r"received Axes; for axes pass ax\.figure"):
        viz.show(fig.axes[0], alt="A line")
    plt.close(fig)


@pytest.mark.slow
def test_a_heavy_svg_is_refused_with_a_way_out():
    fig, ax = plt.subplots()
    ax.scatter(*np.random.default_rng(0).normal(size=(2, 20_000)), c=np.arange(20_000))
    with pytest.raises(ValueError, match="vector=False"):
        viz.show(fig, alt="A cloud of dots")
    viz.show(fig, alt="A cloud of dots", vector=False)


def test_words_are_escaped_in_attributes_and_text():
    figure = viz.show(plot(), alt='a "quoted" <b>', caption="x < y & $a<b$")
    assert images(figure.html)[0]["alt"] == 'a "quoted" <b>'
    caption = parse(figure.html).figcaption
    assert caption.text == "x < y & \\(a<b\\)"
    assert caption.find("b") is None
    assert caption.select_one("span.math").text == "\\(a<b\\)"


def test_style_is_left_with_the_block_even_after_an_error():
    before = mpl.rcParams["axes.spines.top"]

    def fail() -> None:
        with viz.style():
            assert mpl.rcParams["axes.spines.top"] is False
            raise RuntimeError("in the block")

    with pytest.raises(RuntimeError):
        fail()
    assert mpl.rcParams["axes.spines.top"] == before


def test_a_tall_chart_is_marked_for_paper():
    tall, wide = (viz.show(plt.figure(figsize=size), alt="A sheet").html for size in ((2, 5), (5, 2)))
    assert "pcl-tall" in tall
    assert "pcl-tall" not in wide
