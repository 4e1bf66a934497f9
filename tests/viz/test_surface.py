"""Meshes to turn: what the page carries for the script, and the shaded picture that stands without it."""

import base64
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import trimesh

from pcl_lib import viz
from tests.viz.html import images, parse, picture


@pytest.fixture
def sphere():
    return trimesh.creation.icosphere(3)


def sent(figure):
    return [json.loads(scene["data-cloud"]) for scene in parse(figure.html).select(".pcl-scene")]


def test_the_page_carries_vertices_and_faces(sphere):
    (mesh,) = sent(viz.surface(sphere, alt="A sphere"))
    faces = np.frombuffer(base64.b64decode(mesh["faces"]), "<u2").reshape(-1, 3)
    np.testing.assert_array_equal(faces, sphere.faces)
    where = np.frombuffer(base64.b64decode(mesh["xyz"]), "<i2").reshape(-1, 3) / 32767
    np.testing.assert_allclose(where, sphere.vertices, atol=1e-4)


def test_it_is_a_figure_that_turns_like_a_cloud(sphere):
    figure = viz.surface([sphere, sphere], titles=["a", "b"], alt="Two spheres", caption="Both.")
    box = parse(figure.html).select_one("div.pcl-plotly")
    assert (box["role"], box["aria-label"]) == ("img", "Two spheres")
    assert [still["alt"] for still in images(figure.html)] == ["a. Two spheres", "b. Two spheres"]
    assert parse(figure.html).find("figcaption").text == "Both."
    assert 'type: "mesh3d"' in figure.html
    assert figure.n_bytes < 120_000
    cloud = viz.rotatable(sphere.vertices, alt="Points of a sphere")
    script = parse(figure.html).find_all("script")[-1].text
    assert script == parse(cloud.html).find_all("script")[-1].text  # one script for both on a page


def test_a_still_has_no_script(sphere):
    figure = viz.surface(sphere, alt="A sphere", turns=False)
    assert "<script" not in figure.html
    assert "pcl-plotly" not in figure.html
    assert len(images(figure.html)) == 1


def pixels(mesh, **options):
    """Red, green, blue over white paper, and where there is ink."""
    still = picture(images(viz.surface(mesh, alt="A mesh", turns=False, **options).html)[0]).convert("RGBA")
    rgba = np.asarray(still) / 255
    return rgba[..., :3] * rgba[..., 3:] + 1 - rgba[..., 3:]


def test_light_comes_from_the_upper_left(sphere):
    shade = pixels(sphere, colours="#808080", view=(0.0, 0.0)).mean(-1)
    n = len(shade)
    low, mid, high = n // 3, n // 2, 2 * n // 3
    assert shade[low:mid, low:mid].mean() > 1.1 * shade[mid:high, mid:high].mean()


def test_near_faces_hide_far_ones():
    """A large square, and a small one that leans in front of it: the middle is that of what is nearer."""
    corners = np.array([[0, -1, -1], [0, 1, -1], [0, 1, 1], [0, -1, 1]], float)
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    large = trimesh.Trimesh(corners, faces, process=False)
    leaning = corners * 0.4 + [1, 0, 0]
    leaning[:, 0] -= 0.8 * leaning[:, 2]
    small = trimesh.Trimesh(leaning, faces, process=False)
    both = trimesh.util.concatenate([small, large])

    def middle(mesh, azimuth):
        shown = pixels(mesh, view=(0.0, azimuth))
        return shown[len(shown) // 2, shown.shape[1] // 2]

    assert abs(middle(small, 0.0) - middle(large, 0.0)).max() > 0.05
    np.testing.assert_allclose(middle(both, 0.0), middle(small, 0.0), atol=0.02)
    np.testing.assert_allclose(middle(both, 180.0), middle(large, 180.0), atol=0.02)


def test_tensors_are_drawn_like_arrays(sphere):
    tensors = SimpleNamespace(vertices=torch.tensor(sphere.vertices), faces=torch.tensor(sphere.faces))
    assert viz.surface(tensors, alt="A sphere").html == viz.surface(sphere, alt="A sphere").html


def test_errors(sphere):
    with pytest.raises(ValueError, match="must be a mesh with vertices and faces, received int"):
        viz.surface([3], alt="a")
    with pytest.raises(ValueError, match="meshes is empty"):
        viz.surface([], alt="a")
    with pytest.raises(ValueError, match=r"at least one face \(F, 3\), received \(642, 3\) and \(0, 3\)"):
        viz.surface(SimpleNamespace(vertices=sphere.vertices, faces=sphere.faces[:0]), alt="a")
    with pytest.raises(ValueError, match="faces between its 10 vertices, received 641"):
        viz.surface(SimpleNamespace(vertices=sphere.vertices[:10], faces=sphere.faces), alt="a")
    with pytest.raises(ValueError, match="NaN"):
        viz.surface(SimpleNamespace(vertices=sphere.vertices * np.nan, faces=sphere.faces), alt="a")
    with pytest.raises(ValueError, match="titles has 1 entries for 2 meshes"):
        viz.surface([sphere, sphere], titles=["a"], alt="a")
    many = SimpleNamespace(vertices=np.random.default_rng(0).random((65_537, 3)), faces=np.array([[0, 1, 2]]))
    with pytest.raises(
        ValueError, match="at most 65,536 vertices to turn, received one of 65,537; pass turns=False"
    ):
        viz.surface(many, alt="a")
    assert viz.surface(many, alt="a", turns=False).text == "a"
    with pytest.raises(ValueError, match="alt is empty"):
        viz.surface(sphere, alt=" ")
