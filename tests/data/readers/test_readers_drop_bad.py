"""Rows that are NaN or infinite: refused, with the way out, or left out and counted."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from plyfile import PlyData, PlyElement

from pcl_lib.data import Cloud, ReadError, plain, read_cloud, read_mesh, stack
from tests.data.readers.samples import MESHES, POINTS, SAMPLES, TETRAHEDRON, N, put

STORES_NAN = [
    name
    for name, sample in SAMPLES.items()
    if sample.floats and name not in MESHES and name not in ("table", "npz-packed", "velodyne")
]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", [*STORES_NAN, "velodyne"])
def test_clouds(name: str, bad: float, tmp_path: Path) -> None:
    points = POINTS.copy()
    points[3, 1] = points[3, 2] = points[7, 0] = bad
    path = put(tmp_path / f"a{SAMPLES[name].suffix}", SAMPLES[name].make(points))
    with pytest.raises(
        ReadError, match=rf"2 of {N} points are NaN or infinite, as row 3: .*; read_cloud.*drop_bad=True"
    ):
        read_cloud(path)
    cloud = read_cloud(path, drop_bad=True)
    whole = read_cloud(put(path, SAMPLES[name].make(POINTS)), drop_bad=True)
    assert (cloud.dropped, whole.dropped) == (2, 0)
    assert repr(cloud).startswith(f"Cloud(name='a', points=({N - 2}, 3), dropped=2")
    kept = torch.tensor([i for i in range(N) if i not in (3, 7)])
    for field in ("points", "normals", "colors", "labels"):
        left, right = getattr(cloud, field), getattr(whole, field)
        assert (left is None) == (right is None)
        assert left is None or torch.equal(left, right[kept]), field


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", MESHES)
def test_meshes(name: str, bad: float, tmp_path: Path) -> None:
    vertices = TETRAHEDRON.copy()
    vertices[1, 1] = bad
    path = put(tmp_path / f"a{SAMPLES[name].suffix}", SAMPLES[name].make(vertices))
    with pytest.raises(
        ReadError, match=r"vertices are NaN or infinite, the first is vertex .*; read_mesh.*drop_bad=True"
    ):
        read_mesh(path)
    mesh = read_mesh(path, drop_bad=True)
    assert mesh.dropped >= 1
    # of the four faces one does not use vertex 1: 0, 3, 2
    np.testing.assert_array_equal(mesh.vertices[mesh.faces], TETRAHEDRON[[[0, 3, 2]]])
    assert len(mesh.vertices) == 3
    if not name.startswith("ply"):
        drawn = read_cloud(path, n_points=20, drop_bad=True)
        assert drawn.dropped == mesh.dropped
        assert drawn.points[:, 0].abs().max() == 0
        assert len(read_cloud(path, drop_bad=True)) == 3
        with pytest.raises(ReadError, match="drop_bad=True"):
            read_cloud(path, n_points=20)


def test_a_scanned_surface_with_two_bad_vertices(tmp_path: Path) -> None:
    """Of 10,000 vertices two are NaN: the rest of the surface is as it was, without their triangles."""
    ball = trimesh.creation.icosphere(5)
    vertices = np.asarray(ball.vertices).astype(np.float32)
    bad = [17, 4000]
    vertices[bad] = np.nan
    rows = np.array([tuple(v) for v in vertices], dtype=[(c, "f4") for c in "xyz"])
    faces = np.array([(f,) for f in ball.faces.tolist()], dtype=[("vertex_indices", "i4", (3,))])
    stream = io.BytesIO()
    PlyData([PlyElement.describe(rows, "vertex"), PlyElement.describe(faces, "face")], byte_order="<").write(
        stream
    )
    mesh = read_mesh(put(tmp_path / "skull.ply", stream.getvalue()), drop_bad=True)
    untouched = ~np.isin(ball.faces, bad).any(axis=1)
    assert mesh.dropped == 2
    assert len(mesh.vertices) == len(vertices) - 2
    np.testing.assert_array_equal(
        mesh.vertices[mesh.faces], vertices[ball.faces[untouched]].astype(np.float64)
    )


def test_bad_normals_and_colours(tmp_path: Path) -> None:
    normals, colors = np.tile([0.0, 0, 1], (N, 1)), np.full((N, 3), 0.5)
    normals[2, 0], colors[5, 1] = np.nan, np.inf
    np.savez(tmp_path / "a.npz", points=POINTS, normals=normals, colors=colors, labels=np.arange(N))
    with pytest.raises(ReadError, match=rf"1 of {N} normals are NaN or infinite, as row 2"):
        read_cloud(tmp_path / "a.npz")
    cloud = read_cloud(tmp_path / "a.npz", drop_bad=True)
    assert cloud.dropped == 2
    assert cloud.labels.tolist() == [i for i in range(N) if i not in (2, 5)]


def test_an_organised_scan(tmp_path: Path) -> None:
    grid = np.full((4, 5, 3), np.nan, "<f4")
    grid[1:3, 1:4] = 1.5
    header = "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 5\nHEIGHT 4\nPOINTS 20\nDATA binary\n"
    cloud = read_cloud(put(tmp_path / "a.pcd", header.encode() + grid.tobytes()), drop_bad=True)
    assert (len(cloud), cloud.dropped) == (6, 14)


def test_nothing_left(tmp_path: Path) -> None:
    for name, text in (("a.xyz", "nan 0 0\n0 inf 0\n"), ("a.obj", "v nan 0 0\nv 0 inf 0\n")):
        with pytest.raises(
            ReadError, match=r"all 2 (points|vertices) are NaN or infinite; expected a finite one"
        ):
            read_cloud(put(tmp_path / name, text), drop_bad=True)


def test_beyond_single_precision_counts_as_infinite(tmp_path: Path) -> None:
    path = put(tmp_path / "a.xyz", "0 0 0\n1e39 0 0\n")
    with pytest.raises(ReadError, match="1 of 2 points"):
        read_cloud(path)
    assert read_cloud(path, drop_bad=True).dropped == 1


def test_coordinates_of_a_survey(tmp_path: Path) -> None:
    cloud = read_cloud(
        put(tmp_path / "a.xyz", "500000 4500000.2 0\nnan nan nan\n500001 4500000.4 0\n"), drop_bad=True
    )
    assert cloud.points.tolist() == [[500000, 4500000.2, 0], [500001, 4500000.4, 0]]


def test_folders_count_too_and_so_does_the_cache(tmp_path: Path) -> None:
    put(tmp_path / "data/a.xyz", "0 0 0\nnan nan nan\n1 1 1\n")
    put(tmp_path / "data/b.xyz", "0 0 0\n1 1 1\n")
    for _ in range(2):
        clouds = plain(tmp_path / "data", drop_bad=True, progress=False, cache_dir=tmp_path / "cache")
        assert [cloud.dropped for cloud in clouds] == [1, 0]
        assert stack(clouds).shape == (2, 2, 3)
    with pytest.raises(ReadError, match="drop_bad=True"):
        plain(tmp_path / "data", progress=False, cache_dir=tmp_path / "cache")


def test_the_count_stays_with_the_cloud() -> None:
    cloud = Cloud(torch.zeros(4, 3), dropped=5)
    assert cloud.select(torch.tensor([0, 1])).dropped == 5
    assert cloud.with_points(torch.ones(4, 3)).dropped == 5
