import hashlib
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import euler_number

from pcl_lib.data import synthetic
from tests.data.winding import winding_number
from tests.examples import at_most

families = st.sampled_from(synthetic.FAMILIES)
seeds = st.integers(0, 2**40)


def digest(cloud):
    parts = (cloud.points, cloud.normals, cloud.labels)
    return hashlib.sha256(b"".join(x.numpy().tobytes() for x in parts)).hexdigest()


@at_most(60)
@given(family=families, seed=seeds)
def test_every_shape_is_closed_and_fills_the_box(family, seed):
    mesh = synthetic.mesh(family, seed=seed)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume > 0
    assert mesh.bounds.sum(0) == pytest.approx([0, 0, 0], abs=1e-9)
    assert mesh.extents.max() == pytest.approx(2)


@at_most(40)
@given(family=families, seed=seeds, n=st.integers(1, 300))
def test_samples_lie_on_the_surface_with_its_normals(family, seed, n):
    cloud = synthetic.sample(family, n, seed=seed)
    assert cloud.points.shape == (n, 3)
    assert cloud.points.abs().max() <= 1 + 1e-6
    assert cloud.normals.norm(dim=-1).sub(1).abs().max() < 1e-5
    assert cloud.labels.min() >= 0
    assert cloud.labels.max() < len(synthetic.parts(family))
    assert (cloud.category, cloud.name) == (family, f"{family}-{seed}")
    mesh = synthetic.mesh(family, seed=seed)
    p, a = cloud.points[0].double().numpy(), mesh.triangles
    plane = np.abs(np.einsum("fj,fj->f", mesh.face_normals, p - a[:, 0]))
    assert plane[mesh.area_faces > 1e-12].min() < 1e-5


@at_most(20)
@given(family=families, seed=seeds)
def test_same_seed_same_bytes_other_seed_other_shape(family, seed):
    a = synthetic.sample(family, 64, seed=seed)
    assert digest(a) == digest(synthetic.sample(family, 64, seed=seed))
    assert digest(a) != digest(synthetic.sample(family, 64, seed=seed + 1))


def test_a_smaller_cloud_is_the_start_of_a_larger_one():
    large, small = synthetic.sample("lamp", 2048, seed=5), synthetic.sample("lamp", 512, seed=5)
    assert torch.equal(large.points[:512], small.points)


@pytest.mark.slow
def test_another_process_draws_the_same_bytes():
    code = (
        "import hashlib; from pcl_lib.data import synthetic as s;"
        "data = b''.join(s.sample(f, 100, seed=9).points.numpy().tobytes() for f in s.FAMILIES);"
        "print(hashlib.sha256(data).hexdigest())"
    )
    here = hashlib.sha256(
        b"".join(synthetic.sample(f, 100, seed=9).points.numpy().tobytes() for f in synthetic.FAMILIES)
    ).hexdigest()
    there = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert here == there


@pytest.mark.slow
@pytest.mark.parametrize("family", synthetic.FAMILIES)
def test_normals_point_outward_and_little_surface_is_hidden(family):
    outward, hidden = [], []
    for seed in range(6):
        mesh, cloud = synthetic.mesh(family, seed=seed), synthetic.sample(family, 60, seed=seed)
        p, n = cloud.points.double().numpy(), cloud.normals.double().numpy()
        outside, inside = winding_number(mesh, p + 2e-5 * n), winding_number(mesh, p - 2e-5 * n)
        outward.append(inside - outside > 0.5)
        hidden.append(outside > 0.5)
    # a draw on an edge, where a step of 2e-5 passes through the far side, may fail
    assert np.mean(outward) > 0.99
    assert np.mean(hidden) < 0.15


def occupancy(mesh, cells):
    """Inside (winding number above 1/2) on a grid, from rays along z: parity would miscount overlapping parts."""
    t = mesh.triangles
    grid = np.linspace(-1.05, 1.05, cells) + 1e-4  # off the symmetry planes, where rays would meet edges
    low, high = t.min(1), t.max(1)
    sign = np.sign(np.cross(t[:, 1] - t[:, 0], t[:, 2] - t[:, 0])[:, 2])
    depth = np.zeros((cells, cells, cells), np.int64)
    for f in np.flatnonzero(sign):
        ij = [np.arange(*np.searchsorted(grid, [low[f, d], high[f, d]])) for d in (0, 1)]
        x, y = np.meshgrid(grid[ij[0]], grid[ij[1]], indexing="ij")
        a, b, c = t[f]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        u = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / area
        v = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / area
        hit = (u >= 0) & (v >= 0) & (u + v < 1)
        z = a[2] + u * (b[2] - a[2]) + v * (c[2] - a[2])
        i, j = np.nonzero(hit)
        # below the crossing of an upward face we are inside, below that of a downward face we leave
        np.add.at(depth, (ij[0][i], ij[1][j], np.searchsorted(grid, z[hit])), int(sign[f]))
    return np.cumsum(depth[:, :, ::-1], axis=2)[:, :, ::-1] > 0


@pytest.mark.parametrize("seed", [0, 3, 7])
def test_a_mug_is_one_piece_with_one_tunnel(seed):
    inside = occupancy(synthetic.mesh("mug", seed=seed), 120)
    assert ndimage.label(inside)[1] == 1
    assert euler_number(inside, 1) == 0  # pieces + cavities - tunnels = 1 + 0 - 1


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_bottle_is_one_piece_without_tunnel_or_cavity(seed):
    inside = occupancy(synthetic.mesh("bottle", seed=seed), 90)
    assert ndimage.label(inside)[1] == 1
    assert euler_number(inside, 1) == 1


@pytest.mark.parametrize(
    ("family", "part"), [("chair", "leg"), ("table", "leg"), ("airplane", "tail"), ("mug", "handle")]
)
def test_thin_parts_are_named_and_present(family, part):
    which = synthetic.parts(family).index(part)
    share = [(synthetic.sample(family, 512, seed=s).labels == which).float().mean() for s in range(8)]
    assert min(share) > 0.01


def test_a_million_points():
    cloud = synthetic.sample("airplane", 1_000_000, seed=0)
    assert cloud.points.shape == (1_000_000, 3)
    assert torch.isfinite(cloud.points).all()


def test_data_set_grows_by_appending_and_its_split_is_every_fifth():
    small = synthetic.dataset(["mug", "cap"], 5, 32, seed=3)
    large = synthetic.dataset(["mug", "cap"], 10, 32, seed=3)
    assert [c.category for c in small] == ["mug"] * 5 + ["cap"] * 5
    assert [digest(c) for c in small] == [digest(c) for c in large[:5] + large[10:15]]
    assert [c.split for c in large[:10]] == (["train"] * 4 + ["test"]) * 2
    assert not {c.name for c in large} & {c.name for c in synthetic.dataset(["mug", "cap"], 10, 32, seed=4)}


def test_progress_bar_is_only_shown_on_request(capsys):
    synthetic.dataset(["mug"], 2, 16)
    assert "shapes" not in capsys.readouterr().err
    synthetic.dataset(["mug"], 2, 16, progress=True)
    assert "shapes" in capsys.readouterr().err


def test_errors_at_the_door():
    with pytest.raises(
        ValueError, match=r"family must be one of 'airplane', 'chair', .*'vase', received 'sofa'"
    ):
        synthetic.sample("sofa", seed=0)
    with pytest.raises(ValueError, match="one of 'airplane'"):
        synthetic.mesh("sofa", seed=0)
    with pytest.raises(ValueError, match="one of 'airplane'"):
        synthetic.parts("sofa")
    with pytest.raises(ValueError, match="one of 'airplane'"):
        synthetic.dataset(["mug", "sofa"])
    for n in (0, -3):
        with pytest.raises(ValueError, match=f"n_points must be an integer of at least 1, received {n}"):
            synthetic.sample("mug", n, seed=0)
    with pytest.raises(ValueError, match="seed must be an integer of at least 0, received -1"):
        synthetic.sample("mug", seed=-1)
    with pytest.raises(ValueError, match=r'write \["mug"\]'):
        synthetic.dataset("mug")
    with pytest.raises(ValueError, match="per_family must be an integer from 1 to 1,000,000, received 0"):
        synthetic.dataset(["mug"], 0)
