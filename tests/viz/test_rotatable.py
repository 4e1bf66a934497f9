"""Clouds to turn: what the page carries for the script, and for readers without it."""

import base64
import json

import numpy as np
import pytest
from plotly.offline import get_plotlyjs_version

from pcl_lib import viz
from tests.viz.html import images, parse, picture


def test_three_clouds_are_small_and_say_what_they_are(ball):
    shapes = [ball, 0.5 * ball, ball * [1, 0.5, 0.2]]
    figure = viz.rotatable(shapes, titles=["a", "b", "c"], alt="Three balls")
    assert figure.n_bytes < 150_000
    page = parse(figure.html)
    box = page.select_one("div.pcl-plotly")
    # The site's builder looks for these very characters to load plotly's script.
    assert 'class="pcl-plotly' in figure.html
    assert box["role"] == "img"
    assert box["aria-label"] == "Three balls"
    assert "tabindex" not in box.attrs  # the script makes it a stop when its keys turn it
    assert [title.text for title in page.select(".pcl-title")] == ["a", "b", "c"]
    assert figure.html == viz.rotatable(shapes, titles=["a", "b", "c"], alt="Three balls").html


def test_coordinates_arrive_to_four_digits(ball):
    shape = np.array([3.0, -1.0, 2.0]) + 7 * ball * [1, 0.5, 0.2]
    scene = parse(viz.rotatable(shape, alt="A flat ball").html).select_one(".pcl-scene")
    cloud = json.loads(scene["data-cloud"])
    sent = np.frombuffer(base64.b64decode(cloud["xyz"]), dtype="<i2").reshape(-1, 3) / 32767
    centre = (shape.min(axis=0) + shape.max(axis=0)) / 2
    radius = np.linalg.norm(shape - centre, axis=1).max()
    np.testing.assert_allclose(sent, (shape - centre) / radius, atol=0.5 / 32767 + 1e-12)


def test_clouds_of_one_figure_share_their_scale(ball):
    scenes = parse(viz.rotatable([ball, 0.5 * ball], alt="Two balls").html).select(".pcl-scene")
    large, small = (
        np.abs(np.frombuffer(base64.b64decode(json.loads(s["data-cloud"])["xyz"]), dtype="<i2")).max()
        for s in scenes
    )
    assert small / large == pytest.approx(0.5, abs=1e-3)


def test_values_become_steps_of_a_labelled_scale(ball):
    figure = viz.rotatable(ball, values=ball[:, 2], value_label="height", value_range=(-1, 1), alt="A ball")
    page = parse(figure.html)
    cloud = json.loads(page.select_one(".pcl-scene")["data-cloud"])
    steps = np.frombuffer(base64.b64decode(cloud["value"]), dtype=np.uint8)
    np.testing.assert_allclose(steps / 255 * 2 - 1, ball[:, 2], atol=1 / 255)
    assert page.select_one(".pcl-scale-label").text == "height"
    assert "colour" not in cloud


def test_without_script_or_on_paper_there_is_a_picture(ball):
    figure = viz.rotatable([ball, ball[:100]], alt="Two balls")
    stills = images(figure.html)
    assert [still["alt"] for still in stills] == ["Picture 1 of 2. Two balls", "Picture 2 of 2. Two balls"]
    assert all(still["class"] == ["pcl-still"] for still in stills)
    assert all(picture(still).mode == "P" for still in stills)


def test_a_live_notebook_gets_the_plotly_that_is_installed(ball):
    (script,) = parse(viz.rotatable(ball, alt="A ball").html).find_all("script")
    assert f"https://cdn.plot.ly/plotly-{get_plotlyjs_version()}.min.js" in script.text
    assert "@" not in script.text
    assert "src" not in script.attrs


@pytest.mark.parametrize(
    ("points", "options", "message"),
    [
        (np.zeros((4, 2)), {}, r"shape \(N, 3\), received \(4, 2\)"),
        ([np.eye(3)], {"titles": ["a", "b"]}, "titles has 2 entries for 1 clouds"),
        ([np.eye(3)], {"values": [np.zeros(3)]}, "value_label"),
        ([np.eye(3)], {"values": [np.zeros(2)], "value_label": "v"}, r"received \(2,\)"),
        ([], {}, "at least one cloud"),
        (np.eye(3), {"alt": ""}, "alt is empty"),
        (np.eye(3), {"up": "x"}, "up must be"),
    ],
)
def test_errors_say_what_is_wrong(points, options, message):
    with pytest.raises(ValueError, match=message):
        viz.rotatable(points, **{"alt": "Clouds", **options})
