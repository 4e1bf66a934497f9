import numpy as np
import pytest
import torch

from pcl_lib.data import lidar_cars, synthetic


@pytest.fixture(scope="module")
def scans():
    return lidar_cars(24, n_partial=300, seed=4)


@pytest.fixture(scope="module")
def clean():
    """Without noise, and with room for every return."""
    return lidar_cars(3, n_partial=1500, distance=(12.0, 30.0), range_noise=0.0, seed=4)


def first_distance(eye, targets, triangles):
    """How far a ray from ``eye`` towards each target goes before it first meets a triangle, in units of the target."""
    d = (targets - eye)[:, None]
    a = triangles[None, :, 0] - eye
    ab, ac = triangles[None, :, 1] - eye - a, triangles[None, :, 2] - eye - a
    p, q = np.cross(d, ac), np.cross(-a, ab)
    with np.errstate(all="ignore"):
        det = (ab * p).sum(-1)
        u, v, t = -(a * p).sum(-1) / det, (d * q).sum(-1) / det, (ac * q).sum(-1) / det
        return np.where((u >= -1e-3) & (v >= -1e-3) & (u + v <= 1 + 1e-3) & (t > 1e-9), t, np.inf).min(1)


def test_shapes_and_counts(scans):
    assert scans.partial.shape == (24, 300, 3)
    assert scans.partial.dtype == torch.float32
    assert scans.car.tolist() == [4_000_000 + i for i in range(24)]
    distinct = [len(p.unique(dim=0)) for p in scans.partial]
    assert distinct == scans.returns.clamp(max=300).tolist()  # repeats only where there are too few returns
    assert min(distinct) < 150
    assert max(distinct) == 300


def test_cars_lie_in_their_boxes_within_the_noise(scans):
    for partial, car in zip(scans.partial, scans.car, strict=True):
        low, high = torch.tensor(synthetic.mesh("car", seed=int(car)).bounds.tolist())
        # the range noise of 2 cm is at most a hundredth of half a length; five standard deviations
        assert (partial >= low - 0.05).all()
        assert (partial <= high + 0.05).all()


def test_without_noise_every_point_is_the_first_surface_on_the_way_from_the_sensor(clean):
    for partial, sensor, car in zip(clean.partial, clean.sensor, clean.car, strict=True):
        triangles = np.asarray(synthetic.mesh("car", seed=int(car)).triangles)
        points = partial.unique(dim=0)[::7].double().numpy()
        reached = first_distance(sensor.double().numpy(), points, triangles)
        # a ray that grazes an edge may meet either side of it
        assert (abs(reached - 1) < 1e-3).mean() > 0.98


def test_only_sides_that_face_the_sensor_are_seen(clean):
    for partial, sensor in zip(clean.partial, clean.sensor, strict=True):
        side = sensor[:2] / sensor[:2].norm()
        assert float((partial[:, :2] @ side).mean()) > 0.1
        assert float(partial[:, 2].max()) > 0  # seen from above, down to the wheels
        assert float(partial[:, 2].min()) < -0.15


def test_sensor_and_distance_agree(scans):
    """In the car's frame half a length is one: 2.0 to 2.35 m, and the sensor is 1.73 m above the road."""
    metres = scans.distance / scans.sensor.norm(dim=-1)
    assert float(metres.min()) > 1.99
    assert float(metres.max()) < 2.36
    lowest = [synthetic.mesh("car", seed=int(car)).bounds[0, 2] for car in scans.car]
    height = (scans.sensor[:, 2] - torch.tensor(lowest).float()) * metres
    assert height.numpy() == pytest.approx([1.73] * 24, abs=1e-4)


@pytest.mark.slow
def test_distances_headings_and_sparsity():
    """As many from the front as from the rear, near ones dense, far ones sparse: by the inverse square."""
    scans = lidar_cars(150, n_partial=8, seed=9)
    away = scans.distance
    assert 7.9 < float(away.min()) < 10
    assert 48 < float(away.max()) < 50.1
    heading = torch.atan2(
        scans.sensor[:, 1], scans.sensor[:, 0]
    )  # where the sensor is, as seen by the driver
    assert 0.35 < float((heading.abs() < 1).float().mean()) < 0.65
    assert 0.35 < float((heading.abs() > 2.1).float().mean()) < 0.65
    assert bool(((heading.abs() > 1) & (heading.abs() < 2.1)).any())
    slope, _ = np.polyfit(away.log().numpy(), scans.returns.float().log().numpy(), 1)
    assert slope == pytest.approx(-2, abs=0.35)
    assert 100 < float(scans.returns.float().median()) < 300


def test_a_seed_gives_the_same_scans_however_many():
    one, two = lidar_cars(3, n_partial=64, seed=1), lidar_cars(2, n_partial=64, seed=1)
    assert all(torch.equal(a[:2], b) for a, b in zip(one, two, strict=True))
    assert not torch.equal(lidar_cars(2, n_partial=64, seed=2).partial, two.partial)


def test_noise_blurs_along_the_ray():
    options = {"n_partial": 600, "distance": (12.0, 12.0), "seed": 7}
    clean, noisy = lidar_cars(1, range_noise=0.0, **options), lidar_cars(1, range_noise=0.05, **options)
    assert torch.equal(clean.returns, noisy.returns)
    move = noisy.partial[0] - clean.partial[0]
    metres = float(clean.distance[0] / clean.sensor[0].norm())
    assert float(move.norm(dim=-1).pow(2).mean().sqrt()) * metres == pytest.approx(0.05, rel=0.15)
    ray = torch.nn.functional.normalize(clean.partial[0] - clean.sensor[0], dim=-1)
    assert float(torch.linalg.cross(move, ray).norm(dim=-1).max()) < 1e-5


def test_progress_is_shown_when_asked_for(capsys):
    lidar_cars(1, n_partial=8)
    assert capsys.readouterr().err == ""
    lidar_cars(1, n_partial=8, progress=True)
    assert "scans" in capsys.readouterr().err


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize(
    ("count", "options", "message"),
    [
        (0, {}, "count must be an integer from 1 to 1,000,000 cars, received 0"),
        (1, {"n_partial": 0}, "n_partial must be an integer of at least 1, received 0"),
        (1, {"distance": (30.0, 10.0)}, r"distance must be \(low, high\) in metres, .* received \(30.0, 10.0\)"),
        (1, {"distance": (1.0, 10.0)}, "a nearer car would meet the sensor"),
        (1, {"distance": (5.0, 200.0)}, "4 <= low <= high <= 80"),
        (1, {"distance": (5.0, float("nan"))}, "distance"),
        (1, {"range_noise": -0.1}, "range_noise must be a finite number of at least 0, received -0.1"),
        (1, {"seed": -1}, "seed must be an integer of at least 0, received -1"),
    ],
)  # fmt: skip
def test_errors_at_the_door(count, options, message):
    with pytest.raises(ValueError, match=message):
        lidar_cars(count, **options)
