import math

import numpy as np
import pytest
import torch
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from pcl_lib.data import street, synthetic, views
from pcl_lib.data._raycast import first_hits, ray_directions
from tests.examples import at_most


def sphere(n, seed=0):
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))
    return x / x.norm(dim=-1, keepdim=True)


@pytest.mark.parametrize(("n", "exponent", "right"), [(2048, 1.5, 0.97), (16_384, 2.0, 0.99)])
def test_half_a_sphere_is_hidden(n, exponent, right):
    x = sphere(n)
    eye = torch.tensor([2.0, 1.0, -2.0])  # at distance 3: a point is seen where x . eye > 1
    truth = x @ eye > 1
    seen = torch.zeros(n, dtype=torch.bool)
    seen[views.visible_points(x, eye, exponent=exponent)] = True
    assert float((seen == truth).float().mean()) > right
    assert seen[truth].float().mean() > 0.95


def test_a_larger_sphere_shows_more():
    x = synthetic.sample("chair", 1500, seed=1).points
    counts = [len(views.visible_points(x, (3, 2, 1), exponent=e)) for e in (0.5, 1.0, 1.5, 2.0, 3.0)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_visible_points_is_blind_to_order_scale_and_place():
    x = synthetic.sample("mug", 600, seed=0).points.double()
    eye = torch.tensor([2.0, 2.0, 1.0], dtype=torch.float64)
    seen = views.visible_points(x, eye)
    assert torch.equal(views.visible_points(5 * x + 3, 5 * eye + 3), seen)
    order = torch.randperm(600, generator=torch.Generator().manual_seed(0))
    assert set(order[views.visible_points(x[order], eye)].tolist()) == set(seen.tolist())
    assert seen.tolist() == sorted(set(seen.tolist()))


def test_eight_views_look_from_all_sides():
    cloud = synthetic.sample("car", 2048, seed=0)
    seen = views.eight_views(cloud.points, seed=1)
    assert len(seen) == 8
    share = [len(v) / 2048 for v in seen]
    assert all(0.05 < s < 0.7 for s in share)
    assert len(set(torch.cat(seen).tolist())) > 0.6 * 2048  # together they see more than any of them
    assert len(set(torch.cat(seen).tolist())) > 1.5 * max(len(v) for v in seen)
    again = views.eight_views(cloud.points, seed=1)
    assert all(torch.equal(a, b) for a, b in zip(seen, again, strict=True))
    assert not torch.equal(views.eight_views(cloud.points, seed=2)[0], seen[0])
    three = views.eight_views(cloud.points, count=3, seed=1)
    assert len(three) == 3
    assert all(torch.equal(a, b) for a, b in zip(three, seen, strict=False))


@at_most(30)
@given(
    fraction=st.sampled_from([0.25, 0.5, 0.75]), viewpoint=st.integers(0, 7), seed=st.integers(0, 1000),
    batch=st.sampled_from([(), (2,)]),
)  # fmt: skip
def test_crop_removes_the_nearest(fraction, viewpoint, seed, batch):
    x = torch.rand(*batch, 64, 3, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    part, gone = views.crop(x, fraction=fraction, viewpoint=viewpoint, n_partial=None)
    cut = int(64 * fraction)
    assert part.shape == (*batch, 64 - cut, 3)
    assert gone.shape == (*batch, cut, 3)
    eye = torch.tensor(views.VIEWPOINTS[viewpoint], dtype=x.dtype)
    near, far = (gone - eye).norm(dim=-1).amax(-1), (part - eye).norm(dim=-1).amin(-1)
    assert (near <= far).all()
    rows = torch.cat([part, gone], -2).reshape(-1, 3).tolist()
    assert sorted(rows) == sorted(x.reshape(-1, 3).tolist())


def test_crop_of_shapenet55_gives_2048_points_at_every_difficulty():
    x = synthetic.sample("table", 8192, seed=0).points
    for fraction, removed in ((0.25, 2048), (0.5, 4096), (0.75, 6144)):
        part, gone = views.crop(x, fraction=fraction, viewpoint=3)
        assert (part.shape, gone.shape) == ((2048, 3), (removed, 3))
    assert set(views.VIEWPOINTS) == {(a, b, c) for a in (1, -1) for b in (1, -1) for c in (1, -1)}
    free = views.crop(x, viewpoint=(0.0, 0.0, 1.0)).removed
    assert float(free[:, 2].mean()) > float(x[:, 2].mean())


@at_most(25)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), steps=st.integers(3, 70))
def test_ray_casting_agrees_with_every_ray_against_every_triangle(seed, n, steps):
    rng = np.random.default_rng(seed)
    triangles = rng.normal(0, 1, (n, 3, 3)) * 10 ** rng.uniform(-1, 0.5) + rng.normal(0, 2, (n, 1, 3))
    elevations = np.sort(rng.uniform(-1.5, 1.5, 9))
    hits = first_hits(triangles, elevations, steps)
    # the textbook test (Moeller and Trumbore), dense
    d = ray_directions(elevations, steps).reshape(-1, 1, 3)
    a = triangles[None, :, 0]
    ab, ac = triangles[None, :, 1] - a, triangles[None, :, 2] - a
    p, q = np.cross(d, ac), np.cross(-a, ab)
    det = (ab * p).sum(-1)
    u, v, t = -(a * p).sum(-1) / det, (d * q).sum(-1) / det, (ac * q).sum(-1) / det
    t = np.where((u >= 0) & (v >= 0) & (u + v <= 1) & (t > 1e-9), t, np.inf)
    assert np.array_equal(np.isfinite(hits.distance.ravel()), np.isfinite(t.min(1)))
    finite = np.isfinite(t.min(1))
    assert hits.distance.ravel()[finite] == pytest.approx(t.min(1)[finite], rel=1e-6)
    assert np.array_equal(hits.face.ravel()[finite], t.argmin(1)[finite])
    assert (hits.face.ravel()[~finite] == -1).all()


def test_lidar_inside_a_ball_measures_its_radius():
    ball = trimesh.creation.icosphere(4, radius=5.0)
    scan = views.spinning_lidar(
        ball, origin=(0.0, 0.0, 0.0), beams=16, azimuth_steps=100, elevation=(-40.0, 40.0)
    )
    assert len(scan.points) == 1600  # watertight: every ray returns, none slips through an edge
    assert float(scan.distance.min()) > 4.97
    assert float(scan.distance.max()) <= 5.0 + 1e-5
    order = scan.beam * 100 + scan.azimuth
    assert order.tolist() == list(range(1600))


def test_lidar_over_a_plane_draws_circles():
    plane = trimesh.Trimesh([[-99, -99, 0], [99, -99, 0], [99, 99, 0], [-99, 99, 0]], [[0, 1, 2], [0, 2, 3]])
    scan = views.spinning_lidar(plane, beams=3, azimuth_steps=360, elevation=(-30.0, -10.0), max_range=50.0)
    for beam, angle in enumerate((30, 20, 10)):
        ring = scan.points[scan.beam == beam]
        assert len(ring) == 360
        assert ring[:, :2].norm(dim=-1).numpy() == pytest.approx(
            1.73 / math.tan(math.radians(angle)), rel=1e-5
        )
        assert ring[:, 2].abs().max() < 1e-5
    first = scan.points[(scan.beam == 0) & (scan.azimuth == 0)][0]
    quarter = scan.points[(scan.beam == 0) & (scan.azimuth == 90)][0]
    assert (first[0] > 0, abs(float(first[1])) < 1e-5) == (True, True)
    assert (quarter[1] > 0, abs(float(quarter[0])) < 1e-5) == (True, True)


def test_lidar_range_limit_and_noise():
    plane = trimesh.Trimesh([[-99, -99, 0], [99, -99, 0], [99, 99, 0], [-99, 99, 0]], [[0, 1, 2], [0, 2, 3]])
    options = {"beams": 8, "azimuth_steps": 720, "elevation": (-30.0, -2.0)}
    near = views.spinning_lidar(plane, max_range=10.0, **options)
    clean = views.spinning_lidar(plane, max_range=60.0, **options)
    assert float(near.distance.max()) <= 10 < float(clean.distance.max())
    noisy = views.spinning_lidar(plane, max_range=60.0, range_noise=0.02, seed=1, **options)
    error = noisy.distance - clean.distance
    assert float(error.std()) == pytest.approx(0.02, rel=0.05)
    assert torch.equal(noisy.beam, clean.beam)
    assert torch.equal(
        noisy.points, views.spinning_lidar(plane, max_range=60.0, range_noise=0.02, seed=1, **options).points
    )


def test_street_is_closed_seeded_and_leaves_the_lane_free():
    one = street.street(seed=1)
    assert one.is_watertight
    assert np.array_equal(one.vertices, street.street(seed=1).vertices)
    assert len(street.street(seed=2).vertices) != len(one.vertices)
    v = one.vertices
    lane = (abs(v[:, 1] + 2) < 1.1) & (v[:, 2] > 0.05) & (v[:, 2] < 3) & (abs(v[:, 0]) < street.LENGTH / 2)
    assert not lane.any()
    with pytest.raises(ValueError, match="seed must be an integer of at least 0, received -1"):
        street.street(seed=-1)


def test_lidar_in_the_street_sees_road_and_walls():
    scan = views.spinning_lidar(street.street(seed=1), origin=(0.0, -2.0, 1.73), beams=16, azimuth_steps=256)
    z = scan.points[:, 2]
    assert float((z.abs() < 0.01).float().mean()) > 0.2
    assert float((z > 1.0).float().mean()) > 0.05
    assert float(z.min()) > -0.21


@pytest.mark.usefixtures("as_users_call_it")
def test_errors_at_the_door():
    x = torch.rand(50, 3)
    box = trimesh.creation.box()
    flat = torch.cat([torch.rand(50, 2), torch.zeros(50, 1)], -1)
    cases = [
        (lambda: views.visible_points(x[:3], (9, 9, 9)), "at least 4 points"),
        (lambda: views.visible_points(x[None], (9, 9, 9)), r"one cloud \(N, 3\)"),
        (lambda: views.visible_points(x[:, :2], (9, 9, 9)), "D = 3"),
        (lambda: views.visible_points(x, (9, 9)), "viewpoint must be three finite coordinates"),
        (lambda: views.visible_points(x, (9, 9, math.nan)), "viewpoint must be three finite"),
        (
            lambda: views.visible_points(x, x[7]),
            "must be a place outside the cloud, received one of its points",
        ),
        (
            lambda: views.visible_points(x, (9, 9, 9), exponent=0),
            "exponent must be positive and finite, received 0",
        ),
        (lambda: views.visible_points(flat, (9.0, 9.0, 0.0)), "in one plane through it"),
        (lambda: views.eight_views(x, distance=0.5), "more than 0.5 box diagonals"),
        (lambda: views.eight_views(x, count=9), "count must be an integer from 1 to 8, received 9"),
        (lambda: views.crop(x, fraction=1.0), r"fraction must be a share of the 50 points inside \(0, 1\)"),
        (lambda: views.crop(x, fraction=0.001), "fraction"),
        (lambda: views.crop(x, viewpoint=8), "0 to 7 or three coordinates, received 8"),
        (
            lambda: views.crop(x),
            "n_partial must be an integer from 1 to the 25 of 50 points that are left, received 2048",
        ),
        (lambda: views.crop(x, n_partial=0), "received 0"),
        (lambda: views.spinning_lidar(box, elevation=(5, -5)), "low <= high"),
        (
            lambda: views.spinning_lidar(box, beams=0),
            "beams must be an integer of at least 1, received 0",
        ),
        (lambda: views.spinning_lidar(box, azimuth_steps=0), "at least 1"),
        (lambda: views.spinning_lidar(box, max_range=0), "max_range must be positive, received 0"),
        (
            lambda: views.spinning_lidar(box, range_noise=-1),
            "range_noise must be a finite number of at least 0, received -1",
        ),
        (lambda: views.spinning_lidar(trimesh.Trimesh()), "without faces"),
        (lambda: views.spinning_lidar(box, origin=(500, 0, 0)), "received no return"),
        (lambda: views.spinning_lidar(box, origin=(0, 0)), "origin must be three finite coordinates"),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()
