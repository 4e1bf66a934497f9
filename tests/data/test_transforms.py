import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcl_lib.data import transforms as t

NORMALISATIONS = [t.unit_sphere, t.bounding_box, t.caloss_test_normalization, t.shapegf_normalization]


@st.composite
def clouds(draw, batch=None, dims=(1, 4)):
    """Random clouds (N, D) or (B, N, D) whose points differ, far from the origin and of any size."""
    b = draw(st.sampled_from([(), (1,), (3,)])) if batch is None else batch
    n, d = draw(st.integers(2, 40)), draw(st.integers(*dims))
    g = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    size, shift = 10 ** draw(st.floats(-2, 2)), draw(st.floats(-20, 20))
    return torch.randn(*b, n, d, generator=g, dtype=torch.float64) * size + shift * size


def equal_points(a, b):
    return (a[..., :, None, :] == b[..., None, :, :]).all(-1)


@pytest.mark.parametrize("normalise", NORMALISATIONS)
@given(x=clouds())
def test_normalisations_restore_and_do_not_touch_their_input(normalise, x):
    before = x.clone()
    out = normalise(x)
    assert torch.equal(x, before)
    assert out.center.shape == (*x.shape[:-2], 1, x.shape[-1])
    assert out.scale.shape == (*x.shape[:-2], 1, 1)
    assert torch.allclose(out.restore(out.points), x, atol=1e-9 * float(x.abs().max()))
    again = normalise(out.points)
    assert torch.allclose(again.points, out.points, atol=1e-9)


@given(x=clouds())
def test_unit_sphere_is_mean_centred_and_touches_the_sphere(x):
    p = t.unit_sphere(x).points
    assert p.mean(-2).abs().max() < 1e-10
    assert torch.allclose(p.norm(dim=-1).amax(-1), torch.ones(x.shape[:-2], dtype=p.dtype))


@given(x=clouds())
def test_bounding_box_is_box_centred_with_longest_side_two(x):
    p = t.bounding_box(x).points
    low, high = p.amin(-2), p.amax(-2)
    assert (low + high).abs().max() < 1e-10
    assert torch.allclose((high - low).amax(-1), torch.full(x.shape[:-2], 2.0, dtype=p.dtype))


def test_the_two_normalisations_differ_where_the_mean_is_not_the_centre():
    x = torch.tensor([[0.0], [0.0], [3.0]])
    assert t.unit_sphere(x).points.ravel().tolist() == pytest.approx([-0.5, -0.5, 1.0])
    assert t.bounding_box(x).points.ravel().tolist() == pytest.approx([-1.0, -1.0, 1.0])


def test_papers_conventions_by_hand():
    # CALoss, evaluation script: mean centre, largest radius. ShapeGF: box centre, half the longest side.
    x = torch.tensor([[[0.0, 0.0], [6.0, 0.0], [0.0, 3.0]]])
    assert t.caloss_test_normalization(x).center.tolist() == [[[2.0, 1.0]]]
    assert float(t.caloss_test_normalization(x).scale) == pytest.approx(math.sqrt(17))
    assert t.shapegf_normalization(x).center.tolist() == [[[3.0, 1.5]]]
    assert float(t.shapegf_normalization(x).scale) == 3.0


@pytest.mark.parametrize("normalise", NORMALISATIONS)
def test_coinciding_points_have_no_scale(normalise):
    with pytest.raises(ValueError, match="positive extent, received one whose points all coincide"):
        normalise(torch.stack([torch.rand(4, 3), torch.ones(4, 3)]))


def test_shapegf_draws_with_replacement_from_the_first_ten_thousand():
    x = torch.arange(15_000.0)[:, None].expand(-1, 3)
    drawn = t.shapegf_training_points(x, 9000, seed=0)[:, 0]
    assert drawn.max() < 10_000
    assert 5700 < len(drawn.unique()) < 6100  # 10,000 (1 - e^-0.9) = 5,934 expected without repeats
    assert t.shapegf_test_points(x)[:, 0].tolist() == list(range(10_000, 12_048))
    batch = t.shapegf_training_points(x.expand(2, -1, -1), 50, seed=0)
    assert not torch.equal(batch[0], batch[1])


@given(x=clouds(), seed=st.integers(0, 2**31), share=st.floats(0.01, 1))
def test_random_subset_takes_different_points_of_each_cloud(x, seed, share):
    n = max(1, int(share * x.shape[-2]))
    y = t.random_subset(x, n, seed=seed)
    assert y.shape == (*x.shape[:-2], n, x.shape[-1])
    assert torch.equal(y, t.random_subset(x, n, seed=seed))
    same = equal_points(y, x)
    assert same.any(-1).all()
    index = same.int().argmax(-1).reshape(-1, n)
    assert all(len(set(row.tolist())) == n for row in index)


def test_random_subset_is_uniform():
    x = torch.arange(10.0)[:, None]
    g = torch.Generator().manual_seed(0)
    counts = torch.zeros(10)
    for _ in range(2000):
        counts[t.random_subset(x, 3, seed=g).ravel().long()] += 1
    assert ((counts - 600).abs() < 5 * math.sqrt(2000 * 0.3 * 0.7)).all()


@given(x=clouds(), seed=st.integers(0, 2**31), n=st.integers(1, 90))
def test_resample_gives_exactly_n_and_every_point_before_a_repeat(x, seed, n):
    y = t.resample(x, n, seed=seed)
    assert y.shape == (*x.shape[:-2], n, x.shape[-1])
    assert equal_points(y, x).any(-1).all()
    if n >= x.shape[-2]:
        assert equal_points(x, y).any(-1).all()
    else:
        assert torch.equal(y, t.random_subset(x, n, seed=seed))


def test_farthest_point_subset_keeps_the_extremes_and_the_gradient():
    x = torch.linspace(0, 1, 101)[:, None].clone().requires_grad_()
    y = t.farthest_point_subset(x, 3)
    assert y.ravel().tolist() == pytest.approx([0.0, 1.0, 0.5])
    y.sum().backward()
    assert x.grad.ravel().nonzero().ravel().tolist() == [0, 50, 100]


def test_jitter_has_the_standard_deviation_and_the_clip():
    x = torch.full((50_000, 3), 7.0)
    noise = t.jitter(x, sigma=0.1, clip=10.0, seed=0) - x
    assert float(noise.std()) == pytest.approx(0.1, rel=0.02)
    assert float(noise.mean()) == pytest.approx(0.0, abs=0.002)
    clipped = t.jitter(torch.zeros(50_000, 3), sigma=0.1, clip=0.05, seed=0)
    assert float(clipped.abs().max()) == pytest.approx(0.05)
    assert float((clipped.abs() == clipped.abs().max()).float().mean()) == pytest.approx(0.617, abs=0.01)
    assert torch.equal(t.jitter(x, sigma=0.0, seed=0), x)
    default = t.jitter(torch.zeros(50_000, 3), seed=0)
    assert float(default.std()) == pytest.approx(0.003, rel=0.02)


@given(x=clouds(dims=(3, 3)), axis=st.sampled_from(["x", "y", "z", "any"]), seed=st.integers(0, 2**31))
def test_rotations_keep_distances_and_orientation(x, axis, seed):
    y = t.random_rotation(x, axis=axis, seed=seed)
    scale = float(x.abs().max())
    assert torch.allclose(torch.cdist(y, y), torch.cdist(x, x), atol=1e-7 * scale)
    assert torch.allclose(y.norm(dim=-1), x.norm(dim=-1), atol=1e-9 * scale)
    frame = torch.eye(3, dtype=x.dtype)
    turned = t.random_rotation(frame, axis=axis, seed=seed)
    assert float(torch.linalg.det(turned)) == pytest.approx(1)
    if axis != "any":
        assert torch.equal(y[..., "xyz".index(axis)], x[..., "xyz".index(axis)])


def test_plane_clouds_turn_anticlockwise_by_a_uniform_angle():
    x = torch.tensor([[1.0, 0.0]], dtype=torch.float64).expand(4000, 1, 2)
    y = t.random_rotation(x, seed=0)[:, 0]
    angle = torch.atan2(y[:, 1], y[:, 0])
    counts = torch.histc(angle, 8, -math.pi, math.pi)
    assert ((counts - 500).abs() < 5 * math.sqrt(500)).all()


def test_any_rotation_sends_a_point_uniformly_over_the_sphere():
    x = torch.tensor([[0.0, 0.0, 1.0]], dtype=torch.float64).expand(4000, 1, 3)
    y = t.random_rotation(x, axis="any", seed=0)[:, 0]
    for d in range(3):  # Archimedes: each coordinate of a uniform point on the sphere is uniform on [-1, 1]
        counts = torch.histc(y[:, d], 8, -1, 1)
        assert ((counts - 500).abs() < 5 * math.sqrt(500)).all()


def test_a_generator_advances_and_an_integer_does_not():
    x = torch.rand(20, 3)
    g = torch.Generator().manual_seed(4)
    first, second = t.jitter(x, seed=g), t.jitter(x, seed=g)
    assert not torch.equal(first, second)
    assert torch.equal(first, t.jitter(x, seed=4))


@pytest.mark.usefixtures("as_users_call_it")
def test_errors_at_the_door():
    x = torch.rand(2, 10, 3)
    cases = [
        (
            lambda: t.random_subset(x, 11, seed=0),
            r"n_points must be an integer from 1 to the 10 points.*received 11; resample",
        ),
        (lambda: t.random_subset(x, 0, seed=0), "received 0"),
        (lambda: t.resample(x, 0, seed=0), "n_points must be an integer of at least 1, received 0"),
        (lambda: t.farthest_point_subset(x, 11), r"from 1 to the 10 points"),
        (lambda: t.jitter(x, sigma=-1.0, seed=0), "sigma must be a finite number of at least 0, received -1"),
        (lambda: t.jitter(x, clip=0.0, seed=0), "clip must be positive, received 0.0; math.inf"),
        (
            lambda: t.random_rotation(x, axis="w", seed=0),
            "one of 'x', 'y', 'z', 'any' for 3-D clouds, received 'w'",
        ),
        (lambda: t.random_rotation(x[..., :2], axis="x", seed=0), "one of 'z' for 2-D clouds, received 'x'"),
        (lambda: t.random_rotation(torch.rand(5, 4), seed=0), "D = 2 or 3"),
        (lambda: t.shapegf_training_points(x, seed=0), "pool must be an integer from 1 to the 10 points"),
        (
            lambda: t.shapegf_training_points(x, 0, pool=5, seed=0),
            "n_points must be an integer of at least 1",
        ),
        (
            lambda: t.shapegf_test_points(x, 5, start=6),
            r"start \+ n_points = 6 \+ 5 points, received shape \(2, 10, 3\)",
        ),
        (lambda: t.unit_sphere(torch.zeros(4, 3, dtype=torch.int64)), "integer tensor"),
        (lambda: t.bounding_box(torch.full((4, 3), torch.nan)), "finite"),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()
