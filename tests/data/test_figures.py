import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcl_lib.data import figures, synthetic
from pcl_lib.data._figure_body import body
from pcl_lib.data._figure_pose import NOISE, POSES, Build, draw_build, draw_pose, posed, rotations
from tests.examples import at_most


def average(**pose):
    """The average body in a pose given by a few angles (left, right)."""
    b = body()
    angles = {key: pose.get(key, (0.0, 0.0)) for key in NOISE}
    one = np.ones(len(b.names))
    return posed(b, Build(one, one), rotations(angles, b.names))


REST = {"raise": (45.0, 45.0)}


def test_the_shared_body_is_one_closed_surface_without_tunnels():
    mesh = figures.mesh(0)
    b = body()
    mesh.vertices = b.vertices
    assert mesh.is_watertight
    assert mesh.euler_number == 2
    assert mesh.body_count == 1
    assert mesh.volume == pytest.approx(0.07, abs=0.01)  # 70 litres: a person
    assert b.vertices[:, 2].max() == pytest.approx(1.8, abs=0.03)


def test_weights_are_a_partition_of_one_and_stay_on_their_limb():
    b = body()
    assert b.weights.min() >= 0
    assert b.weights.sum(1) == pytest.approx(1)
    left = [i for i, n in enumerate(b.names) if n.startswith("l ")]
    # 40 rounds of averaging spread a weight over a few centimetres of skin: across the crotch, no farther
    assert b.weights[b.vertices[:, 1] < -0.06][:, left].max() < 0.01
    assert b.weights[b.vertices[:, 1] < -0.12][:, left].max() < 1e-6
    hand = b.names.index("l hand")
    assert b.weights[:, hand].max() == pytest.approx(1)
    assert b.weights[b.vertices[:, 2] < 0.8, hand].max() < 1e-6


def test_the_rest_pose_gives_the_shared_body_back():
    assert average(**REST) == pytest.approx(body().vertices, abs=1e-12)


def test_a_mirrored_pose_is_the_mirror_image():
    one = average(
        **REST | {"elbow": (70.0, 10.0), "flex": (40.0, 0.0), "knee": (30.0, 0.0), "lift": (20.0, 0.0)}
    )
    two = average(
        **REST | {"elbow": (10.0, 70.0), "flex": (0.0, 40.0), "knee": (0.0, 30.0), "lift": (0.0, 20.0)}
    )
    for corner in (np.min, np.max):  # the grid of the body is symmetric only to a cell, so compare extents
        a, b = corner(one * [1, -1, 1], axis=0), corner(two, axis=0)
        assert a == pytest.approx(b, abs=0.01)


def test_the_parts_move_where_the_angles_say():
    b = body()
    hand, foot = b.names.index("l hand"), b.names.index("l foot")
    tip, toe = b.weights[:, hand].argmax(), b.weights[:, foot].argmax()
    rest = average(**REST)
    assert average(**{"raise": (170.0, 45.0)})[tip, 2] > 1.8 > rest[tip, 2]
    assert average(**REST | {"elbow": (90.0, 0.0)})[tip, 0] > rest[tip, 0] + 0.2
    assert average(**REST | {"swing": (60.0, 0.0)})[tip, 0] > rest[tip, 0] + 0.2
    assert average(**REST | {"flex": (80.0, 0.0)})[toe, 0] > rest[toe, 0] + 0.5
    assert average(**REST | {"knee": (80.0, 0.0)})[toe, 0] < rest[toe, 0] - 0.2
    assert average(**REST | {"out": (30.0, 0.0)})[toe, 1] > rest[toe, 1] + 0.2
    assert average(**REST | {"bend": (60.0, 0.0)})[:, 0].max() > rest[:, 0].max() + 0.2


def test_girth_and_length_scale_a_bone():
    b = body()
    n = len(b.names)
    length, girth = np.ones(n), np.ones(n)
    shin = b.names.index("l shin")
    length[shin], girth[shin] = 1.2, 1.0
    tall = posed(b, Build(length, girth), np.tile(np.eye(3), (n, 1, 1)))
    drop = 0.2 * (b.starts[shin] - b.ends[shin])
    toe = b.weights[:, b.names.index("l foot")].argmax()
    assert tall[toe] - b.vertices[toe] == pytest.approx(-drop, abs=1e-6)


@at_most(50)
@given(st.integers(0, 2**40))
def test_drawn_people_are_possible(seed):
    rng = np.random.default_rng(seed)
    build, pose = draw_build(rng, body().names), draw_pose(rng)
    assert 0.6 < build.length.min() <= build.length.max() < 1.5
    assert 0.5 < build.girth.min() <= build.girth.max() < 1.8
    assert set(pose) == set(NOISE)
    assert min(pose["knee"]) >= 0  # knees do not bend forwards
    assert {k for p in POSES.values() for k in p} <= set(NOISE)


def test_points_correspond_across_shapes():
    a, b = synthetic.figures(2, 3000, seed=1)
    assert torch.equal(a.labels, b.labels)
    shared = body()
    # the same bones, so distances within a rigid part agree up to the builds, which differ by a few percent
    head = (a.labels == shared.names.index("head")).nonzero().ravel()
    da, db = (torch.cdist(c.points[head], c.points[head]) for c in (a, b))
    far = da > 0.1
    ratio = (db / da)[far]
    assert ratio.std() / ratio.mean() < 0.05
    assert not torch.allclose(a.points, b.points, atol=0.05)


def test_correspondence_holds_across_seeds_and_resolutions():
    a = synthetic.figures(1, 1000, seed=1)[0]
    b = synthetic.figures(1, 1000, seed=2)[0]
    assert torch.equal(a.labels, b.labels)
    longer = synthetic.figures(1, 5000, seed=1)[0]
    assert torch.equal(longer.points[:1000], a.points)


def test_same_seed_same_bytes_and_sets_grow_by_appending():
    one, two = synthetic.figures(2, 500, seed=3), synthetic.figures(6, 500, seed=3)
    assert all(torch.equal(a.points, b.points) for a, b in zip(one, two, strict=False))
    assert [c.split for c in two] == ["train"] * 4 + ["test", "train"]
    assert len({c.name for c in two}) == 6
    assert not torch.equal(two[0].points, two[1].points)


def test_points_lie_on_the_mesh_and_normals_are_unit():
    cloud, mesh = synthetic.figures(3, 200, seed=0)[2], figures.mesh(2, seed=0)
    p = cloud.points[7].double().numpy()
    a = mesh.triangles
    height = np.abs(np.einsum("fj,fj->f", mesh.face_normals, p - a[:, 0]))
    close = np.linalg.norm(a.mean(1) - p, axis=-1) < 0.02
    assert height[close].min() < 1e-5
    assert cloud.normals.norm(dim=-1).sub(1).abs().max() < 1e-5
    assert cloud.points.amax(0).add(cloud.points.amin(0)).abs().max() < 0.1  # box centred, up to sampling


@pytest.mark.slow
def test_a_million_points_per_figure():
    cloud = synthetic.figures(1, 1_000_000)[0]
    assert cloud.points.shape == (1_000_000, 3)
    assert torch.isfinite(cloud.points).all()
    assert torch.isfinite(cloud.normals).all()


def test_errors():
    with pytest.raises(ValueError, match="n_shapes must be an integer of at least 1, received 0"):
        synthetic.figures(0)
    with pytest.raises(ValueError, match="n_points must be an integer of at least 1, received -2"):
        synthetic.figures(1, -2)
    with pytest.raises(ValueError, match="seed must be an integer of at least 0, received -1"):
        synthetic.figures(1, 10, seed=-1)
    with pytest.raises(ValueError, match="index must be an integer of at least 0, received -1"):
        figures.mesh(-1)
