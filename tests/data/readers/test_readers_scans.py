"""Scans, registered meshes, coloured voxels and packed clouds, written here and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from pcl_lib.data.readers import (
    ReadError,
    kitti,
    mpeg,
    packed,
    registered_meshes,
)
from tests.data.readers.samples import put

RNG = np.random.default_rng(0)


# KITTI, registered meshes, MPEG, packed


def test_kitti(tmp_path: Path) -> None:
    scan = np.column_stack([RNG.normal(size=(40, 3)) * 20, RNG.random(40)]).astype("<f4")
    for name in ("sequences/08/velodyne/000001.bin", "sequences/00/velodyne/000000.bin"):
        put(tmp_path / "KITTI" / name, scan.tobytes())
    put(tmp_path / "KITTI/2011_09_26/drive/velodyne_points/data/0000000000.bin", scan.tobytes())
    put(tmp_path / "KITTI/other/000000.bin", b"not a scan")
    clouds = kitti(tmp_path, progress=False)
    assert [c.name for c in clouds] == [
        "2011_09_26/drive/velodyne_points/data/0000000000", "sequences/00/velodyne/000000",
        "sequences/08/velodyne/000001",
    ]  # fmt: skip
    np.testing.assert_array_equal(clouds[1].points, scan[:, :3])
    np.testing.assert_array_equal(clouds[1].colors, scan[:, 3:].repeat(3, axis=1))
    (one,) = kitti(tmp_path, sequences=["08"], n_points=7, progress=False)
    assert one.name.startswith("sequences/08")
    assert one.points.shape == (7, 3)
    with pytest.raises(ValueError, match=r"sequences must be some of .*08.*, received 11"):
        kitti(tmp_path, sequences=["11"])
    put(tmp_path / "KITTI/sequences/00/velodyne/000000.bin", scan.tobytes()[:-3])
    with pytest.raises(
        ReadError, match=r"000000\.bin: it has 637 bytes; expected .* 16 bytes for each point"
    ):
        kitti(tmp_path, progress=False)
    put(tmp_path / "KITTI/sequences/00/velodyne/000000.bin", scan.tobytes()[4:-12])
    with pytest.raises(ReadError, match=r"000000\.bin: reflectance"):
        kitti(tmp_path, progress=False)


@pytest.mark.parametrize("suffix", ["ply", "obj"])
def test_registered_meshes(tmp_path: Path, suffix: str) -> None:
    """Two poses of one box: row i of both clouds is the same place, and vertices keep their order."""
    box = trimesh.creation.box(extents=(1, 2, 3))
    moved = box.copy()
    moved.apply_transform(trimesh.transformations.rotation_matrix(0.7, (0, 0, 1), (1, 2, 3)))
    for name, mesh in (("s1/00001", moved), ("s1/00000", box)):
        put(tmp_path / f"{name}.{suffix}", mesh.export(file_type=suffix))
    first, second = registered_meshes(tmp_path, progress=False)
    assert (first.name, first.category, second.name) == ("s1/00000", "s1", "s1/00001")
    np.testing.assert_allclose(first.points, box.vertices, atol=1e-6)
    first, second = registered_meshes(tmp_path, n_points=500, progress=False)
    motion = trimesh.transformations.rotation_matrix(0.7, (0, 0, 1), (1, 2, 3))
    expected = trimesh.transform_points(first.points.numpy(), motion)
    np.testing.assert_allclose(second.points, expected, atol=1e-5)
    np.testing.assert_allclose(second.normals, first.normals.numpy() @ motion[:3, :3].T, atol=1e-5)
    more = registered_meshes(tmp_path, n_points=500, seed=1, progress=False)
    assert not torch.equal(more[0].points, first.points)

    other = trimesh.creation.icosphere(1)
    put(tmp_path / f"s2/00000.{suffix}", other.export(file_type=suffix))
    with pytest.raises(
        ReadError, match=rf"s2/00000\.{suffix}: 42 vertices and 80 faces .* expected the 8 vertices"
    ):
        registered_meshes(tmp_path, progress=False)


def test_obj_forms(tmp_path: Path) -> None:
    """A quad, texture indices, indices from the end, colours after the vertex, a continued vertex order."""
    put(
        tmp_path / "a.obj",
        "v 0 0 0 .1 .2 .3\nv 1 0 0 .1 .2 .3\nv 1 1 0 1 1 1\nv 0 1 0 1 1 1\nvt 0 0\nf 1/1 2/1 3/1 4/1\n",
    )
    put(tmp_path / "b.obj", "o x\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf -4 -3 -2 -1\n")
    a, b = registered_meshes(tmp_path, n_points=50, progress=False)
    assert torch.equal(a.points, b.points)
    assert a.normals[0].tolist() == [0, 0, 1]
    for text, message in (
        ("v 0 0\n", "the line 'v 0 0'"),
        ("v 0 0 0\nf 0 1 1\n", "vertex number 0"),
        ("v 0 0 0\nf 1 1 2\n", "a face names vertex 1 of 1"),
        ("v 0 0 0\nf -2 1 1\n", "a face names vertex -1 of 1"),
        ("vn 0 0 1\n", "it has no lines v"),
    ):
        put(tmp_path / "a.obj", text)
        with pytest.raises(ReadError, match=rf"a\.obj: .*{message}"):
            registered_meshes(tmp_path, progress=False)


def test_ply_polygons(tmp_path: Path) -> None:
    header = (
        "ply\nformat ascii 1.0\nelement vertex 4\nproperty double x\nproperty double y\nproperty double z\n"
        "element face 1\nproperty list uchar int vertex_index\nend_header\n"
    )
    put(tmp_path / "a.ply", header + "0 0 0\n1 0 0\n1 1 0\n0 1 0\n4 0 1 2 3\n")
    (cloud,) = registered_meshes(tmp_path, n_points=2000, progress=False)
    torch.testing.assert_close(cloud.points.mean(0), torch.tensor([0.5, 0.5, 0.0]), atol=0.03, rtol=0)


def test_mpeg(tmp_path: Path) -> None:
    header = "ply\nformat ascii 1.0\nelement vertex 2\n" + "".join(f"property float {c}\n" for c in "xyz")
    colors = "".join(f"property uchar {c}\n" for c in ("red", "green", "blue"))
    put(
        tmp_path / "8iVFBv2/loot/Ply/loot_vox10_1000.ply",
        f"{header}{colors}end_header\n0 0 0 9 8 7\n500 3 2 1 2 3\n",
    )
    (cloud,) = mpeg(tmp_path, progress=False)
    assert cloud.name == "loot/Ply/loot_vox10_1000"
    assert cloud.points.tolist() == [[0, 0, 0], [500, 3, 2]]
    assert cloud.colors.dtype == torch.uint8
    assert cloud.colors.tolist() == [[9, 8, 7], [1, 2, 3]]
    put(tmp_path / "8iVFBv2/a.ply", f"{header}end_header\n0 0 0\n500 3 2\n")
    with pytest.raises(ReadError, match=r"a\.ply: its vertices have no colours"):
        mpeg(tmp_path, progress=False)


def test_packed(tmp_path: Path) -> None:
    points = RNG.normal(size=(3, 10, 2)).astype(np.float16)
    np.savez(tmp_path / "a.npz", points=points, name=np.array(["p", "q", "r"]))
    clouds = packed(tmp_path / "a.npz", category="x")
    assert [(c.name, c.category, c.split) for c in clouds] == [
        ("p", "x", None),
        ("q", "x", None),
        ("r", "x", None),
    ]
    np.testing.assert_array_equal(clouds[2].points, points[2].astype(np.float32))
    np.savez(tmp_path / "a.npz", points=points, name=np.array(["p", "q"]))
    with pytest.raises(ReadError, match=r"a\.npz: arrays of shapes .*expected points \(S, N, D\)"):
        packed(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", points=points)
    with pytest.raises(ReadError, match=r"a\.npz: name missing, it has \['points'\]"):
        packed(tmp_path / "a.npz")
