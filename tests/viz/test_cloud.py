"""Clouds as pictures: what a reader gets, what a caller is told."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from pcl_lib import viz
from pcl_lib.data._cloud import Cloud
from pcl_lib.viz._points import ink
from pcl_lib.viz._project import camera, scene_of
from tests.viz.html import images, parse, picture


def test_one_cloud_is_one_picture_with_its_alt(ball):
    figure = viz.cloud(ball, alt="A ball", title="ball", caption="Points on a sphere.")
    (image,) = images(figure.html)
    assert image["alt"] == "A ball"
    assert parse(figure.html).select_one(".pcl-title").text == "ball"
    assert parse(figure.html).figcaption.text == "Points on a sphere."
    assert figure._repr_mimebundle_() == {"text/html": figure.html, "text/plain": "A ball"}
    assert repr(figure) == "A ball"


def test_every_picture_of_a_row_has_an_alt_of_its_own(ball):
    figure = viz.clouds([ball, ball[:99]], titles=["all", "few"], alt="Two balls")
    assert [image["alt"] for image in images(figure.html)] == ["all. Two balls", "few. Two balls"]
    figure = viz.clouds([ball, ball[:99]], titles=["all", ""], alt="Two balls")
    assert [image["alt"] for image in images(figure.html)] == ["all. Two balls", "Picture 2 of 2. Two balls"]


def test_bytes_stay_small_and_the_same(ball):
    first = viz.clouds([ball, ball, ball], alt="Three balls")
    assert first.n_bytes < 250_000
    assert first.html == viz.clouds([ball, ball, ball], alt="Three balls").html


@pytest.mark.parametrize(
    "form",
    [
        lambda x: torch.tensor(x, dtype=torch.float32, requires_grad=True),
        lambda x: torch.tensor(x, dtype=torch.float64),
        lambda x: x.tolist(),
        lambda x: Cloud(torch.tensor(x, dtype=torch.float32), name="ball"),
        lambda x: torch.tensor(x, dtype=torch.float32).t().contiguous().t(),
    ],
)
def test_tensors_arrays_lists_and_clouds_are_drawn_alike(ball, form):
    same = np.asarray(ball[:300], dtype=np.float32)
    given = form(same)
    assert viz.cloud(given, alt="A ball").html == viz.cloud(same, alt="A ball").html


def test_a_batch_is_a_row(ball):
    assert (
        len(images(viz.clouds(torch.tensor(ball).reshape(4, 512, 3), alt="Four parts of a ball").html)) == 4
    )


def test_the_ground_is_transparent_and_the_palette_small(ball):
    (image,) = images(viz.cloud(ball, alt="A ball").html)
    png = picture(image)
    assert png.mode == "P"
    assert len(png.getcolors()) <= 32
    corner = png.convert("RGBA").getpixel((0, 0))
    assert corner[3] == 0
    assert png.convert("RGBA").getextrema()[3] == (0, 255)
    # Twice the pixels of the page, for sharp screens.
    assert (png.width, png.height) == (2 * int(image["width"]), 2 * int(image["height"]))


def test_values_share_one_scale_with_its_label(ball):
    heights = [ball[:, 2], 3 * ball[:, 2]]
    page = parse(viz.clouds([ball, ball], values=heights, value_label="height $z$", alt="Two balls").html)
    assert [word.text for word in page.select(".pcl-scale > span")] == [
        f"{3 * ball[:, 2].min():.3g}".replace("-", "\N{MINUS SIGN}"),
        "",
        f"{3 * ball[:, 2].max():.3g}",
        "height \\(z\\)",
    ]
    assert "height $z$" in page.select_one(".pcl-ramp")["alt"]


def test_a_value_range_cuts_values_off(ball):
    inside = np.clip(ball[:, 2], 0, 0.5)
    options = {"value_label": "z", "value_range": (0, 0.5), "alt": "A ball"}
    assert (
        viz.cloud(ball, values=ball[:, 2], **options).html == viz.cloud(ball, values=inside, **options).html
    )


def test_limits_hold_the_picture_still(ball):
    """The same points, alone or among others, land on the same pixels."""
    part = ball[:40]
    (alone,) = images(viz.cloud(part, limits=ball, alt="part").html)
    (with_all,) = images(viz.cloud(ball, limits=ball, alt="all").html)
    assert (alone["width"], alone["height"]) == (with_all["width"], with_all["height"])
    (zoomed,) = images(viz.cloud(part, alt="part").html)
    assert picture(alone).tobytes() != picture(zoomed).tobytes()


def test_faint_lies_behind(ball):
    alone = images(viz.cloud(ball[:200], limits=ball, alt="part").html)[0]
    backed = images(viz.cloud(ball[:200], limits=ball, faint=ball, alt="part").html)[0]
    drawn = np.array(picture(alone).convert("RGBA"))[..., 3] > 0
    more = np.array(picture(backed).convert("RGBA"))[..., 3] > 0
    assert more.sum() > 1.5 * drawn.sum()
    assert more[drawn].all()


def test_own_scale_fills_each_picture(ball):
    """At a common scale a small ball is small; at its own it covers what the large one covers."""
    common, own = (
        [
            float((np.array(picture(i).convert("RGBA"))[..., 3] > 0).mean())
            for i in images(viz.clouds([ball, 0.2 * ball], same_scale=same, alt="Two balls").html)
        ]
        for same in (True, False)
    )
    assert common[1] < 0.35 * common[0]
    assert own[1] == pytest.approx(own[0], rel=0.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alt": ""}, "alt is empty"),
        ({"alt": "  \n"}, "alt is empty"),
        ({"clouds": []}, "at least one cloud"),
        ({"clouds": np.zeros((5, 3))}, "single cloud"),
        ({"clouds": [np.zeros((5, 4))]}, r"shape \(N, 2\) or \(N, 3\), received \(5, 4\)"),
        ({"clouds": [np.zeros((0, 3))]}, "empty"),
        ({"clouds": [np.zeros((1, 5, 3))]}, r"pass clouds\[0\]\[0\]"),
        ({"clouds": [np.full((5, 3), np.nan)]}, "5 of 5 points with NaN"),
        ({"clouds": ["chair"]}, "received str"),
        ({"clouds": [np.zeros((5, 3)), np.zeros((5, 2))]}, "mix 2-D and 3-D"),
        ({"titles": ["one"]}, "titles has 1 entries for 2 clouds"),
        ({"faint": [None]}, "faint has 1 entries for 2 clouds"),
        ({"faint": [np.zeros((4, 2)), None]}, "mix 2-D and 3-D"),
        ({"limits": np.zeros((4, 2))}, "mix 2-D and 3-D"),
        ({"colours": ["red"]}, "colours has 1 entries"),
        ({"columns": 0}, "columns must be at least 1"),
        ({"up": "x"}, "up must be 'z' or 'y'"),
        ({"values": [np.zeros(6)]}, "values has 1 entries"),
        ({"values": [np.zeros(6), np.zeros(6)]}, "value_label"),
        ({"values": [np.zeros(6), np.zeros(5)], "value_label": "v"}, r"shape \(6,\), received \(5,\)"),
        ({"values": [np.zeros(6), np.full(6, np.inf)], "value_label": "v"}, "NaN or infinite"),
        (
            {"values": [np.zeros(6), np.zeros(6)], "value_label": "v", "value_range": (1, 1)},
            "from low to high",
        ),
    ],
)
def test_errors_say_what_is_wrong(change, message):
    arguments = {"clouds": [np.eye(6, 3), np.eye(6, 3)], "alt": "Two clouds", **change}
    with pytest.raises(ValueError, match=message):
        viz.clouds(arguments.pop("clouds"), **arguments)


def test_constant_values_and_a_single_point_can_be_drawn():
    viz.cloud(np.ones((1, 3)), alt="A point")
    viz.cloud(np.ones((5, 2)), values=np.ones(5), value_label="one", alt="Five times the same point")


def test_the_camera_is_a_rotation_and_near_points_are_dark():
    rows = camera((35.0, 110.0))
    np.testing.assert_allclose(rows @ rows.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rows) == pytest.approx(1.0)
    scene = scene_of([np.eye(3)], view=(0.0, 0.0), up="z")
    near, far = scene.project(np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])).depth
    assert near < far
    shade, tint = ink("#0072B2", np.array([0.0, 1.0])).mean(axis=1)
    assert shade < np.mean(to_rgb("#0072B2")) < tint


def test_y_up_is_z_up_turned(ball):
    shape = ball * [1.0, 0.5, 0.2]
    turned = shape[:, [0, 2, 1]] * [1.0, 1.0, -1.0]  # (x, y, z) -> (x, z, -y): its Y is the first one's Z
    assert viz.cloud(turned, up="y", alt="a").html == viz.cloud(shape, alt="a").html


def test_draw_cloud_keeps_the_coordinates_of_a_plane(ring):
    fig, ax = plt.subplots()
    viz.draw_cloud(ax, ring, faint=ring, diameter=5)
    np.testing.assert_allclose(np.sort(ax.collections[1].get_offsets(), axis=0), np.sort(ring, axis=0))
    assert ax.get_xlim()[0] < -1 < 1 < ax.get_xlim()[1]
    assert ax.get_aspect() == 1.0
    plt.close(fig)


def test_far_points_are_drawn_first_and_small(ball):
    fig, ax = plt.subplots()
    viz.draw_cloud(ax, ball, view=(0.0, 0.0))
    sizes = ax.collections[0].get_sizes()
    assert (np.diff(sizes) >= -1e-9).all()
    assert sizes[-1] > 2 * sizes[0]
    plt.close(fig)
