"""Formats that ``read_cloud`` takes beside the common ones: ``.stl``, ``.h5`` and ``.bin``."""

from __future__ import annotations

import struct
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import trimesh

from pcl_lib.data import ReadError, plain, read_cloud, read_mesh
from tests.data.readers.samples import POINTS, TETRAHEDRON, TRIANGLES, N, put, stl, stl_text, velodyne

SOLID = trimesh.creation.box(extents=(1, 2, 3))


@pytest.mark.parametrize("kind", ["stl", "stl_ascii"])
def test_stl_as_trimesh_writes_it(kind: str, tmp_path: Path) -> None:
    mesh = read_mesh(put(tmp_path / "a.stl", SOLID.export(file_type=kind)))
    assert mesh.vertices.shape == (8, 3)
    np.testing.assert_allclose(mesh.vertices[mesh.faces], SOLID.triangles, atol=1e-7)
    np.testing.assert_array_equal(mesh.faces[0], [0, 1, 2])  # numbered as they appear
    cloud = read_cloud(tmp_path / "a.stl", n_points=4000)
    assert cloud.points.dtype == torch.float32
    area = [float((cloud.normals[:, axis].abs() > 0.5).float().mean()) for axis in range(3)]
    np.testing.assert_allclose(area, [6 / 11, 3 / 11, 2 / 11], atol=0.03)


def test_binary_stl_that_starts_with_solid(tmp_path: Path) -> None:
    raw = b"solid by a program".ljust(80) + stl(TETRAHEDRON)[80:]
    assert read_mesh(put(tmp_path / "a.stl", raw)).faces.shape == (4, 3)


def test_stl_of_many_solids_and_upper_case(tmp_path: Path) -> None:
    text = stl_text(TETRAHEDRON).decode()
    both = read_mesh(put(tmp_path / "a.stl", text + "\n" + stl_text(TETRAHEDRON + 9).decode()))
    assert (both.vertices.shape, both.faces.shape) == ((8, 3), (8, 3))
    shouted = read_mesh(put(tmp_path / "a.stl", text.upper()))
    np.testing.assert_array_equal(shouted.vertices[shouted.faces], TETRAHEDRON[TRIANGLES])


def test_stl_damage(tmp_path: Path) -> None:
    for raw, message in (
        (stl(TETRAHEDRON)[:-1], "it has 283 bytes and promises 4 triangles"),
        (stl(TETRAHEDRON) + b"x", "it has 285 bytes and promises 4 triangles"),
        (b"hello", "it has 5 bytes; expected"),
        (bytes(80) + struct.pack("<I", 0), "it has no triangles"),
        (b"solid\nendsolid", "it has no triangles"),
        (stl_text(TETRAHEDRON)[:-9], "the last line is 'endfacet'"),
        (stl_text(TETRAHEDRON).replace(b"endfacet", b"", 1), "4 facets, 3 of them closed"),
        (stl_text(TETRAHEDRON).replace(b"vertex 0.0", b"vertex", 1), "ValueError"),
    ):
        with pytest.raises(ReadError, match=rf"a\.stl: .*{message}"):
            read_mesh(put(tmp_path / "a.stl", raw))


def save(path: Path, **tables: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in tables.items():
            file[name] = values
    return path


@pytest.mark.parametrize("suffix", [".h5", ".hdf5"])
@pytest.mark.parametrize("name", ["points", "data", "whatever"])
def test_hdf5_with_one_cloud(suffix: str, name: str, tmp_path: Path) -> None:
    for points in (POINTS, POINTS[None]):
        cloud = read_cloud(save(tmp_path / f"a{suffix}", **{name: points}))
        np.testing.assert_array_equal(cloud.points, POINTS)
    plane = read_cloud(save(tmp_path / f"a{suffix}", **{name: POINTS[:, :2]}))
    assert plane.points.shape == (N, 2)


def test_hdf5_with_what_belongs_to_the_points(tmp_path: Path) -> None:
    colors = np.arange(3 * N).reshape(N, 3).astype(np.uint8)
    path = save(
        tmp_path / "a.h5", data=POINTS[None], normal=POINTS[None], rgb=colors, label=np.arange(N)[:, None]
    )
    cloud = read_cloud(path)
    np.testing.assert_array_equal(cloud.normals, POINTS)
    np.testing.assert_array_equal(cloud.colors, colors)
    assert cloud.labels.tolist() == list(range(N))
    of_the_whole = read_cloud(save(tmp_path / "b.h5", data=POINTS, label=np.zeros((1, 1), int)))
    assert of_the_whole.labels is None


def test_hdf5_with_several_clouds_names_them(tmp_path: Path) -> None:
    path = save(tmp_path / "a.h5", data=np.stack([POINTS] * 3), label=np.zeros(3))
    with pytest.raises(ReadError, match=rf"a\.h5: data has shape \(3, {N}, 3\), 3 clouds; .*modelnet40_hdf5"):
        read_cloud(path)
    path = save(tmp_path / "a.h5", complete=POINTS, partial=POINTS)
    with pytest.raises(
        ReadError, match=r"the tables \{'complete': \(12, 3\), 'partial': \(12, 3\)\}.*'points' or 'data'"
    ):
        read_cloud(path)
    path = save(tmp_path / "a.h5", data=POINTS, points=POINTS)
    with pytest.raises(ReadError, match=r"the tables \{'data': \(12, 3\), 'points'"):
        read_cloud(path)


def test_velodyne_by_its_suffix(tmp_path: Path) -> None:
    cloud = read_cloud(put(tmp_path / "000000.bin", velodyne(POINTS)), n_points=5)
    assert cloud.points.shape == (5, 3)
    assert cloud.colors.shape == (5, 3)


def test_folders_take_ambiguous_suffixes_only_when_asked(tmp_path: Path) -> None:
    put(tmp_path / "README.txt", "Read me.")
    put(tmp_path / "model.bin", "weights")
    put(tmp_path / "a/b.xyz", "0 0 0\n")
    put(tmp_path / "a/c.stl", stl(TETRAHEDRON))
    put(tmp_path / "a/d.csv", "x,y\n1,2\n")
    assert [c.name for c in plain(tmp_path, progress=False)] == ["a/b", "a/c"]
    assert [c.name for c in plain(tmp_path, pattern="**/*.csv", progress=False)] == ["a/d"]
    with pytest.raises(ReadError, match=r"README\.txt: there is no line of numbers, \['Read'"):
        plain(tmp_path, pattern="**/*.txt", progress=False)
