"""Level sets of displacement fields: a sphere, which is known, and shapes on which the refinement could fail."""

from functools import cache

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial import ConvexHull, cKDTree
from skimage import measure

from pcl_lib.data import sample_mesh, synthetic
from pcl_lib.metrics import mesh_accuracy
from pcl_lib.models import (
    _coarse_to_fine,
    field_jacobian,
    largest_second_derivative,
    level_set,
    middle_sheet,
    without_false_sheets,
)
from tests.models.fields import ball, exact, exact_jacobian

DENSE = 1e6  # a margin with which every cell is refined to the end


def hausdorff(a, b):
    a, b = np.asarray(a), np.asarray(b)
    return max(cKDTree(b).query(a)[0].max(), cKDTree(a).query(b)[0].max())


def as_trimesh(surface):
    return trimesh.Trimesh(surface.vertices.numpy(), surface.faces.numpy(), process=False)


@cache
def shell():
    return level_set(ball, resolution=64)


def test_the_shell_of_a_sphere_has_two_closed_sheets():
    surface = shell()
    assert surface.level == pytest.approx(1.5 * 3 / 64)
    for which, radius, sign in (("outer", 1 + surface.level, 1), ("inner", 1 - surface.level, -1)):
        sheet = surface.sheet(which)
        assert (sheet.vertices.norm(dim=-1) - radius).abs().max() < 0.1 * surface.cell
        mesh = as_trimesh(sheet)
        assert mesh.is_watertight
        # seen from where the norm is larger: the outer sheet turns outward, the inner one into the ball
        assert mesh.volume == pytest.approx(sign * 4 / 3 * np.pi * radius**3, rel=0.02)
        assert set(sheet.outer.tolist()) == {which == "outer"}
    assert len(surface.sheet("outer").faces) + len(surface.sheet("inner").faces) == len(surface.faces)
    assert surface.thickness() == pytest.approx(2 * surface.level, rel=0.03)


def test_all_cells_at_once_give_the_same_surface_as_marching_cubes_by_hand():
    surface, grid = shell(), np.linspace(-1.5, 1.5, 65)
    points = torch.tensor(np.stack(np.meshgrid(grid, grid, grid, indexing="ij"), -1), dtype=torch.float32)
    norms = ball(points.reshape(-1, 3)).norm(dim=-1).reshape(65, 65, 65).numpy()
    vertices, faces, _, _ = measure.marching_cubes(norms, surface.level, spacing=(3 / 64,) * 3)
    assert len(faces) == len(surface.faces)
    assert hausdorff(vertices - 1.5, surface.vertices) < 1e-5


def test_evaluations_are_counted_and_a_tenth_of_all():
    count = 0

    def counting(x):
        nonlocal count
        count += len(x)
        return ball(x)

    surface = level_set(counting, resolution=128)
    assert surface.evaluations == count
    assert surface.dense == 129**3
    assert surface.dense > 10 * surface.evaluations


@cache
def wing(n):
    """The outer part of an airplane's wing, about two cells thick, moved into a small box of 48 cells."""
    cloud = synthetic.sample("airplane", 40 * n, seed=0)
    points = cloud.points[cloud.labels == synthetic.parts("airplane").index("wing")]
    points = points[(points[:, 1] > 0.72) & (points[:, 1] < 0.98)][:n]
    assert len(points) == n
    return points - (points.amin(0) + points.amax(0)) / 2


@pytest.mark.slow
def test_a_wing_is_the_same_surface_with_a_tenth_of_the_evaluations():
    """Both sheets and the axis between them lie a cell apart."""
    field = exact(wing(700), 0.012)
    options = {"resolution": 48, "box": (-0.3, 0.3), "level": 0.0125, "coarsest": 12}
    coarse, dense = level_set(field, **options), level_set(field, **options, margin=DENSE)
    assert dense.evaluations == dense.dense > 10 * coarse.evaluations
    assert hausdorff(coarse.vertices, dense.vertices) < coarse.cell


def test_a_shell_between_the_corners_of_a_coarse_cell_is_found():
    """No corner of the first grid has a norm below the level, so signs would show nothing."""
    centre, radius = torch.tensor([0.09, 0.1, 0.08]), 0.03

    def small(x):
        return radius * ball((x - centre) / radius)

    surface = level_set(small, resolution=128)
    first = np.linspace(-1.5, 1.5, 17)
    corners = torch.tensor(np.stack(np.meshgrid(first, first, first), -1).reshape(-1, 3)).float()
    assert small(corners).norm(dim=-1).min() > surface.level
    assert ((surface.vertices - centre).norm(dim=-1) - radius - surface.level).abs().max() < surface.cell


def test_a_norm_that_rises_faster_than_a_distance_is_followed(monkeypatch):
    """The refinement trusts a distance; where it left a cell out that the surface enters, it goes on there."""

    def steep(x):  # three times the displacement, on one side of the ball
        return ball(x) * torch.where(x[:, :1] > 0.2, 3.0, 1.0)

    options = {"resolution": 64, "level": 9 / 64}
    coarse, dense = level_set(steep, **options), level_set(steep, **options, margin=DENSE)
    assert as_trimesh(coarse).is_watertight
    assert hausdorff(coarse.vertices, dense.vertices) < 1e-5
    monkeypatch.setattr(_coarse_to_fine, "_left_out", lambda *_: np.empty((0, 3), int))
    assert not as_trimesh(level_set(steep, **options)).is_watertight


def test_an_open_surface_has_one_sheet():
    half = torch.nn.functional.normalize(
        torch.randn(3000, 3, generator=torch.Generator().manual_seed(0)), dim=-1
    )
    half = half[half[:, 2] < 0.3]
    surface = level_set(exact(half, 0.07), resolution=32)
    assert surface.outer.all()
    assert np.isnan(surface.thickness())
    closed = level_set(ball, resolution=32)
    assert not closed.outer.all()


def test_the_middle_sheet_is_the_shape():
    outer = shell().sheet("outer")
    middle = middle_sheet(ball, outer)
    assert (middle.vertices.norm(dim=-1) - 1).abs().max() < 1e-5
    assert middle.evaluations == outer.evaluations + len(outer.vertices)
    half = middle_sheet(lambda x: ball(x) / 2, outer, steps=2)
    assert (half.vertices.norm(dim=-1) - 1).mean().item() == pytest.approx(outer.level / 4, rel=0.05)


@pytest.mark.slow
def test_a_chair_is_its_level_set_and_not_its_hull():
    """Mesh accuracy against the analytic mesh: the level set has it, the convex hull of the points has not."""
    points = synthetic.sample("chair", 2500, seed=1).points
    truth = sample_mesh(synthetic.mesh("chair", seed=1), 20_000, seed=1).points
    field = exact(points, 0.04)
    outer = level_set(field, resolution=64).sheet("outer")
    clean = without_false_sheets(field, outer)
    hull = trimesh.Trimesh(points.numpy(), ConvexHull(points.numpy()).simplices, process=False)
    accuracy = {
        name: float(mesh_accuracy(sample_mesh(mesh, 4000, seed=2).points, truth))
        for name, mesh in (
            ("outer", outer),
            ("middle", middle_sheet(field, clean)),
            ("torn", middle_sheet(field, outer)),
            ("hull", hull),
        )
    }
    assert accuracy["outer"] == pytest.approx(outer.level, rel=0.1)  # off by the level, all over
    assert accuracy["middle"] < 0.5 * accuracy["outer"]
    assert min(accuracy["torn"], accuracy["hull"]) > 5 * accuracy["middle"]


def two_plates(n=700):
    """Points of two squares, 0.5 apart: half way between them lies a false sheet."""
    xy = torch.rand(2 * n, 2, generator=torch.Generator().manual_seed(0)) - 0.5
    return torch.cat([xy, torch.where(torch.arange(2 * n) < n, 0.25, -0.25)[:, None]], -1)


def test_the_second_derivative_tells_the_false_sheet():
    cloud, sigma = two_plates(), 0.08
    field, jacobian = exact(cloud, sigma), exact_jacobian(cloud, sigma)
    surface = level_set(field, resolution=48, box=(-1.0, 1.0), coarsest=12)
    false = (surface.vertices[:, 2].abs() < 0.1) & (surface.vertices[:, :2].abs() < 0.35).all(-1)
    assert false.sum() > 100
    values = largest_second_derivative(field, surface.vertices, jacobian=jacobian)
    assert values[false].median() > 0.5 * ((0.25 / sigma) ** 2 - 1)
    between = torch.cat([cloud[:100, :2] / 2, torch.zeros(100, 1)], -1)
    there = largest_second_derivative(field, between, jacobian=jacobian).median().item()
    assert there == pytest.approx((0.25 / sigma) ** 2 - 1, rel=0.1)
    good = surface.vertices[:, 2].abs() > 0.2
    assert values[good].median().abs() < 0.3
    kept = without_false_sheets(field, surface, jacobian=jacobian)
    assert not ((kept.vertices[:, 2].abs() < 0.1) & (kept.vertices[:, :2].abs() < 0.35).all(-1)).any()
    on_plates = (kept.vertices[:, 2].abs() > 0.2).sum()
    assert on_plates > 0.97 * good.sum()


def test_the_centre_of_a_ball_is_no_surface():
    """All points are equally near there, and the displacements cancel."""
    points = torch.nn.functional.normalize(
        torch.randn(1500, 3, generator=torch.Generator().manual_seed(0)), dim=-1
    )
    field = exact(points, 0.12)
    surface = level_set(field, resolution=32)
    assert (surface.vertices.norm(dim=-1) < 0.3).any()
    kept = without_false_sheets(field, surface)
    assert (kept.vertices.norm(dim=-1) > 0.7).all()
    assert len(kept.sheet("outer").faces) > 0.97 * len(surface.sheet("outer").faces)


def test_the_jacobian_of_autograd_is_that_of_the_formula():
    cloud = two_plates(100).double()
    x = torch.rand(40, 3, generator=torch.Generator().manual_seed(1)).double() - 0.5
    torch.set_default_dtype(torch.float64)
    try:
        closed = exact_jacobian(cloud, 0.1)(x)
    finally:
        torch.set_default_dtype(torch.float32)
    torch.testing.assert_close(field_jacobian(exact(cloud, 0.1), x, piece=7), closed, rtol=1e-8, atol=1e-10)
    turned = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 2.0], [3.0, 0.0, 0.0]])
    torch.testing.assert_close(field_jacobian(lambda p: p @ turned.T, torch.zeros(1, 3))[0], turned)


def test_pieces_and_an_empty_set_of_points():
    x = torch.rand(10, 3, generator=torch.Generator().manual_seed(0)) + 0.1
    whole, parts = (largest_second_derivative(ball, x, piece=p) for p in (100, 3))
    torch.testing.assert_close(whole, parts)
    assert largest_second_derivative(ball, x[:0]).shape == (0,)
    nothing = shell().keep(torch.zeros(len(shell().faces), dtype=torch.bool))
    assert (len(nothing.vertices), len(nothing.faces)) == (0, 0)


def test_a_level_below_a_cell_is_refused_and_shown_on_request():
    with pytest.raises(
        ValueError, match=r"level must be at least one grid cell, 0.04688, received 0.005: .*ray_cast"
    ):
        level_set(ball, resolution=64, level=0.005)
    holes = level_set(ball, resolution=64, level=0.02, thin=True)
    assert not as_trimesh(holes.sheet("outer")).is_watertight or holes.outer.float().mean() > 0.9


def test_errors():
    with pytest.raises(ValueError, match=r"box must hold the shape, received \(-1.5, 1.5\), where no point"):
        level_set(lambda x: ball(x - 4), resolution=32)
    with pytest.raises(ValueError, match=r"with its shell, received \(-1.02, 1.02\), on whose border"):
        level_set(ball, resolution=32, box=(-1.02, 1.02))
    with pytest.raises(ValueError, match=r"the side of box must be positive and finite, received -2\.0"):
        level_set(ball, resolution=32, box=(1.0, -1.0))
    for resolution in (48, 40, 8):
        with pytest.raises(
            ValueError, match=f"coarsest = 16 times a power of 2, received {resolution}; take 16, 32"
        ):
            level_set(ball, resolution=resolution)
    with pytest.raises(ValueError, match=r"field must be finite, received NaN or inf at .* of 4913 points"):
        level_set(lambda x: torch.where(x > 1, torch.nan, ball(x)), resolution=32)
    with pytest.raises(ValueError, match="which must be one of 'outer', 'inner', received 'middle'"):
        shell().sheet("middle")
    with pytest.raises(ValueError, match="steps must be an integer of at least 1, received 0"):
        middle_sheet(ball, shell(), steps=0)
    with pytest.raises(ValueError, match="field must be differentiable"):
        field_jacobian(lambda x: ball(x.detach()), torch.ones(2, 3))
