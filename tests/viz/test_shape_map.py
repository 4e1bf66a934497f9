"""A map of shapes: places, classes, and what it refuses."""

import re

import numpy as np
import pytest

from pcl_lib import viz
from pcl_lib.viz._shape_map import HEIGHT, WIDTH

CLOUDS = [[[-1.0, 0.0], [1.0, 0.5]], [[0.0, 0.0]], [[0.0, 1.0]]]
PLACES = [[0.0, 5.0], [10.0, 5.0], [5.0, 9.0]]
TEXT = {"alt": "Three shapes", "caption": "A map"}


def drawn(places=PLACES, clouds=CLOUDS, names=("a", "b", "a"), **options):
    return viz.shape_map(places, clouds, list(names), **TEXT, **options).html


def test_each_shape_is_at_its_place_and_inside_the_drawing():
    at = [tuple(map(int, xy)) for xy in re.findall(r"translate\((\d+) (\d+)\)", drawn(size=20))]
    assert at == [(20, 20), (WIDTH - 20, 20), (WIDTH // 2, HEIGHT - 20)]


def test_y_points_up_inside_a_shape():
    first = re.search(r' d="([^"]*)"/>', drawn(size=20)).group(1)
    assert first == "M-20 0h0M20 -10h0"


def test_a_button_for_each_class_and_a_colour_of_its_own():
    html = drawn()
    assert re.findall(r'value="(\w+)"', html) == ["all", "k0", "k1"]
    assert len(set(re.findall(r'stroke="(#\w+)"', html))) == 2
    assert html.count("<title>a</title>") == 2


def test_a_button_has_the_colour_of_its_class():
    html = drawn()
    keys = re.findall(r'<span class="pcl-dot"[^>]*background:(#\w+)"></span> (\w)</label>', html)
    shown = dict(re.findall(r'<title>(\w)</title>.*?stroke="(#\w+)"', html))
    assert {name: colour for colour, name in keys} == shown


def test_two_maps_on_a_page_do_not_share_their_buttons():
    one, other = drawn(), drawn(PLACES[:2], CLOUDS[:2], "ab")
    keys = [re.search(r'<div id="([^"]+)"', html).group(1) for html in (one, other)]
    assert keys[0] != keys[1]


def test_solids_are_seen_from_above():
    top, bottom = [[0.0, 0.0, 1.0]], [[0.0, 0.0, -1.0]]
    paths = re.findall(r'd="M\S+ (-?\d+)h0"', drawn(PLACES[:2], [top, bottom], "ab", size=100))
    assert [int(y) for y in paths] == [-94, 94], "z up is a smaller y of the drawing"


def test_names_cannot_break_the_page():
    assert "<title>&lt;b&gt;</title>" in drawn(names=("<b>", "a", "a"))


@pytest.mark.parametrize(
    ("places", "clouds", "names", "message"),
    [
        (np.zeros((2, 3)), CLOUDS[:2], "ab", r"places must be \(S, 2\), received shape \(2, 3\)"),
        (PLACES, CLOUDS[:2], "aba", "clouds"),
        (PLACES, CLOUDS, "ab", "names"),
        (np.zeros((11, 2)), [CLOUDS[1]] * 11, "abcdefghijk", "at most 10 classes, received 11"),
    ],
)
def test_what_does_not_fit_is_refused(places, clouds, names, message):
    with pytest.raises(ValueError, match=message):
        drawn(places, clouds, names)
