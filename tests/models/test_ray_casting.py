"""Rays at a sphere, where every answer is known."""

import pytest
import torch
from torch.nn.functional import normalize

from pcl_lib.data import synthetic
from pcl_lib.models import camera_rays, ray_cast, shaded
from pcl_lib.neighbors import nearest
from tests.models.fields import ball, exact

LEVEL, TOLERANCE = 0.005, 1e-4


def at_ball(origin, direction, **options):
    return ray_cast(ball, torch.tensor(origin), torch.tensor(direction), **options)


def test_rays_meet_the_sphere_where_a_sphere_is():
    """The root of norm(o + d u) = 1 + level, nearer one, for rays of a camera."""
    eye, rays = camera_rays(24, view=(35.0, 110.0))
    hits = ray_cast(ball, eye, rays)
    b, c = (rays * eye).sum(-1), eye.square().sum() - (1 + LEVEL) ** 2
    root = (b * b - c).clamp_min(0).sqrt()
    sure = (b * b - c).abs() > 0.02  # not at the rim
    assert torch.equal(hits.hit[sure], (b * b > c)[sure])
    met = hits.converged & sure
    assert met.float().mean() > 0.4
    # along the ray the error is that across the level over the cosine between ray and normal
    cosine = root / (1 + LEVEL)
    assert ((hits.distance - (-b - root)).abs() * cosine)[met].max() < 2 * TOLERANCE
    assert (hits.points - (eye + hits.distance[..., None] * rays))[met].norm(dim=-1).max() < 1e-5
    assert (hits.normals - normalize(hits.points, dim=-1))[met].norm(dim=-1).max() < 1e-4
    assert (hits.normals[~hits.hit] == 0).all()


def test_it_stops_when_it_is_there_and_counts_its_steps():
    hits = at_ball([[3.0, 0.0, 0.0], [0.0, 0.0, 2.0]], [[-1.0, 0.0, 0.0], [0.0, 0.0, 5.0]])
    assert hits.hit.tolist() == [True, False]
    assert hits.steps.tolist()[0] == 2  # one step as long as the way, one to see that it is there
    assert hits.distance[0].item() == pytest.approx(3 - 1 - LEVEL, abs=1e-5)
    assert at_ball([3.0, 0.0, 0.0], [-1.0, 0.0, 0.0], step=0.5).steps > 10


def test_directions_of_any_length_are_the_same():
    a, b = (at_ball([2.0, 0.3, 0.0], [-length, 0.0, 0.0]) for length in (1.0, 7.0))
    assert a.distance.item() == pytest.approx(b.distance.item(), abs=1e-6)


def test_travel_is_judged_after_the_last_step_alone():
    """As printed: no ray is a hit beyond d_max, and one that creeps on to the last step is one."""
    near = at_ball([3.0, 0.0, 0.0], [-1.0, 0.0, 0.0], max_distance=1.9)
    assert not near.hit
    rim = 1 + LEVEL + 5e-4
    creeping = at_ball([-3.0, rim, 0.0], [1.0, 0.0, 0.0], max_steps=16)
    assert creeping.hit
    assert not creeping.converged
    assert creeping.steps == 16
    assert not at_ball([-3.0, rim, 0.0], [1.0, 0.0, 0.0], max_steps=256).hit


def test_a_ray_that_starts_inside():
    """In the shell: a hit at once. Inside of the ball: the inner sheet, its normal turned to the viewer."""
    shell = at_ball([1.002, 0.0, 0.0], [-1.0, 0.0, 0.0])
    assert (shell.hit.item(), shell.distance.item(), shell.steps.item()) == (True, 0.0, 1)
    inside = at_ball([0.1, 0.0, 0.0], [1.0, 0.0, 0.0])
    assert inside.distance.item() == pytest.approx(1 - LEVEL - 0.1, abs=2 * TOLERANCE)
    assert inside.normals.tolist() == pytest.approx([-1.0, 0.0, 0.0], abs=1e-4)


def test_the_score_in_place_of_the_displacement_goes_astray():
    """Algorithm 3 with step 1 needs y = sigma^2 s: with s itself the first step is 1 / sigma^2 times too long."""
    sigma = 0.05
    eye, rays = camera_rays(9)
    right = ray_cast(ball, eye, rays)
    wrong = ray_cast(lambda x: ball(x) / sigma**2, eye, rays)
    assert right.converged.any()
    assert not wrong.converged.any()


@pytest.mark.slow
def test_a_chair_is_seen_where_it_is():
    points = synthetic.sample("chair", 2500, seed=0).points
    eye, rays = camera_rays(20)
    hits = ray_cast(exact(points, 0.04), eye, rays, level=0.04)
    assert 0.1 < hits.converged.float().mean() < 0.3
    away = nearest(hits.points[hits.converged], points).sq_dist.sqrt()
    assert away.median() < 0.08
    assert ((hits.normals * rays).sum(-1) <= 1e-6).all()  # turned to the viewer


def test_a_ring_is_met_in_the_plane():
    angle = torch.linspace(0, 2 * torch.pi, 500)
    ring = torch.stack([angle.cos(), angle.sin()], -1)
    hits = ray_cast(exact(ring, 0.05), torch.tensor([3.0, 0.0]), torch.tensor([[-1.0, 0.0], [0.0, 1.0]]))
    assert hits.hit.tolist() == [True, False]
    assert hits.distance[0].item() == pytest.approx(2.0, abs=0.01)


def test_the_light_decides_the_shade():
    eye, rays = camera_rays(31, view=(0.0, 0.0))
    hits = ray_cast(ball, eye, rays)
    image = shaded(hits, light=(1.0, 0.0, 0.0), ambient=0.25, background=1.0)
    assert image.shape == (31, 31)
    met = hits.hit
    assert (image[~met] == 1).all()
    assert (image - (0.25 + 0.75 * hits.normals[..., 0].clamp_min(0)))[met].abs().max() < 1e-6
    above = shaded(hits, light=(0.0, 0.0, 2.0))
    assert above[8, 15] > above[22, 15]  # row 0 is up


def test_errors():
    def nan(x):
        return torch.where(x[:, :1] < 0, torch.nan, ball(x))

    with pytest.raises(
        ValueError, match="field must be finite, received NaN or inf at 1 of 1 points, the first at"
    ):
        ray_cast(nan, torch.tensor([-3.0, 0.0, 0.0]), torch.tensor([1.0, 0.0, 0.0]))
    with pytest.raises(ValueError, match=r"one displacement for each point, shape \(1, 3\), received \(1,\)"):
        ray_cast(lambda x: x[:, 0], torch.zeros(3), torch.ones(3))
    with pytest.raises(ValueError, match="directions of a length that is not 0"):
        at_ball([3.0, 0.0, 0.0], [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="must broadcast"):
        ray_cast(ball, torch.zeros(2, 3), torch.ones(4, 3))
    for name in ("level", "step", "tolerance", "max_distance"):
        with pytest.raises(ValueError, match=f"{name} must be positive and finite, received 0.0"):
            at_ball([3.0, 0.0, 0.0], [1.0, 0.0, 0.0], **{name: 0.0})
    with pytest.raises(ValueError, match="max_steps must be an integer of at least 1"):
        at_ball([3.0, 0.0, 0.0], [1.0, 0.0, 0.0], max_steps=0)
    with pytest.raises(ValueError, match="width must be an integer of at least 1"):
        camera_rays(0)
    with pytest.raises(ValueError, match="extent must be positive"):
        camera_rays(3, extent=-1.0)
    hits = at_ball([3.0, 0.0, 0.0], [-1.0, 0.0, 0.0])
    with pytest.raises(ValueError, match=r"ambient must be a brightness in \[0, 1\], received 2"):
        shaded(hits, ambient=2.0)
    with pytest.raises(ValueError, match="light must be a direction"):
        shaded(hits, light=(0.0, 0.0, 0.0))
