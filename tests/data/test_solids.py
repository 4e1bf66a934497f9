"""Closed, outward-oriented and of the right size: checked against volumes and areas known in closed form."""

import numpy as np
import pytest
import trimesh

from pcl_lib.data import _solids as s


def as_mesh(solid):
    return trimesh.Trimesh(solid.vertices, solid.faces, process=False)


CIRCLE = 0.5 * 200 * np.sin(2 * np.pi / 200)  # area of the inscribed polygon of 200 corners

CASES = {
    "box": (s.box((1.0, 2.0, 3.0), (5, 5, 5)), 6.0, 1e-12),
    "rod": (s.rod((0, 0, 0), (0, 0, 2), 0.5, n=200), 2 * 0.25 * CIRCLE, 1e-9),
    "cone frustum": (
        s.rod((1, 2, 3), (1, 2, 5), 0.6, 0.3, n=200),
        2 * CIRCLE * (0.36 + 0.18 + 0.09) / 3,
        1e-4,
    ),
    "bar": (s.bar((0, 0, 0), (1, 1, 1), 0.1, depth=0.2), 0.02 * np.sqrt(3), 1e-9),
    "ellipsoid": (s.ellipsoid((1.0, 2.0, 0.5), n=200), 4 / 3 * np.pi, 5e-3),
    "plate": (s.plate(s.superellipse(200), 0.0, 0.1), 0.1 * CIRCLE, 1e-9),
    "torus": (s.revolve_loop(s.circle(200) * 0.2 + [1.0, 0.0], 200), 2 * np.pi**2 * 0.04, 2e-3),
    "shell": (
        s.shell(np.stack([np.ones(50), np.linspace(0, 1, 50)], -1), 0.1, 200),
        CIRCLE * (1 - 0.81),
        1e-6,
    ),
    "rounded": (s.plate(s.rounded_rectangle(2.0, 1.0, 0.2, 60), 0.0, 1.0), 2 - (4 - np.pi) * 0.04, 1e-3),
}


@pytest.mark.parametrize("name", CASES)
def test_closed_outward_and_of_known_volume(name):
    solid, volume, tolerance = CASES[name]
    mesh = as_mesh(solid)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert s.volume(solid) == pytest.approx(volume, rel=tolerance, abs=1e-12)
    assert s.volume(solid) == pytest.approx(mesh.volume, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "genus"), [("box", 0), ("rod", 0), ("torus", 1), ("shell", 1), ("plate", 0)]
)
def test_genus(name, genus):
    assert as_mesh(CASES[name][0]).euler_number == 2 - 2 * genus


def test_rigid_motions_keep_volume_and_orientation():
    solid = s.wing([((0, 0, 0), 1.0, 0.12), ((-0.3, 1.0, 0.1), 0.4, 0.1)])
    size = s.volume(solid)
    assert size > 0
    for moved in (
        s.mirror(solid),
        s.turn(solid, "x", 1.0),
        s.turn(solid, "y", -2.0),
        s.move(solid, (3, 2, 1)),
    ):
        assert s.volume(moved) == pytest.approx(size, rel=1e-9)
    assert s.volume(s.scale(solid, 2.0)) == pytest.approx(8 * size, rel=1e-9)


@pytest.mark.parametrize(("axis", "start", "end"), [("x", 1, 2), ("y", 2, 0), ("z", 0, 1)])
def test_turn_follows_the_right_hand(axis, start, end):
    point = s.Solid(np.eye(3)[[start]], np.zeros((0, 3), int))
    assert s.turn(point, axis, np.pi / 2).vertices[0] == pytest.approx(np.eye(3)[end])


def test_aerofoil_has_the_thickness_it_is_asked_for():
    section = s.aerofoil(400, 0.12, 0.0)
    assert np.ptp(section[:, 1]) == pytest.approx(
        0.12, abs=2e-4
    )  # NACA: t is the largest thickness over chord
    assert section[:, 0].min() == 0
    assert section[:, 0].max() == pytest.approx(1)


def test_tube_along_a_bend_keeps_its_radius():
    t = np.linspace(0, np.pi, 60)
    path = np.stack([np.cos(t), np.sin(t), 0 * t], -1)
    mesh = as_mesh(s.tube(path, 0.1, 64))
    away = np.linalg.norm(mesh.vertices[:-2, None] - path[None], axis=-1).min(1)
    assert away == pytest.approx(0.1, abs=1e-3)
    assert mesh.volume == pytest.approx(
        np.pi * np.pi * 0.01, rel=5e-3
    )  # Pappus: area of section x path length
