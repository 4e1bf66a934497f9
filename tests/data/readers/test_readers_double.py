"""Coordinates of a survey keep the digits that the file has; ordinary clouds stay in single precision."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from plyfile import PlyData, PlyElement

from pcl_lib.data import Cloud, plain, read_cloud, read_mesh, stack
from pcl_lib.data.readers import modelnet40, modelnet40_normals, shapenet_part
from tests.data.readers.samples import las, put

RNG = np.random.default_rng(0)
SURVEY = np.round(RNG.random((200, 3)) * [50, 50, 5] + [5e5, 4.5e6, 100], 3)
NORTH = np.array([0, 0.2, 0])


def lines(points: np.ndarray, mark: str = " ", before: str = "") -> str:
    return "".join(before + mark.join(f"{v:.3f}" for v in row) + "\n" for row in points)


def ply(points: np.ndarray) -> bytes:
    rows = np.array([tuple(p) for p in points], dtype=[(c, "f8") for c in "xyz"])
    stream = io.BytesIO()
    PlyData([PlyElement.describe(rows, "vertex")], byte_order="<").write(stream)
    return stream.getvalue()


def pcd(points: np.ndarray) -> bytes:
    n = len(points)
    header = (
        f"VERSION 0.7\nFIELDS x y z\nSIZE 8 8 8\nTYPE F F F\nCOUNT 1 1 1\nWIDTH {n}\nHEIGHT 1\nPOINTS {n}\n"
    )
    return f"{header}DATA binary\n".encode() + points.astype("<f8").tobytes()


def array(points: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, points)
    return stream.getvalue()


def archive(points: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, points=points)
    return stream.getvalue()


def hdf5(points: np.ndarray) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["data"] = points
    return stream.getvalue()


def stl(points: np.ndarray) -> str:
    facets = ["facet normal 0 0 1\nouter loop\n" + lines(p, before="vertex ") + "endloop\nendfacet\n" for p in
              points[:198].reshape(-1, 3, 3)]  # fmt: skip
    return "solid s\n" + "".join(facets) + "endsolid s\n"


FORMATS: dict[str, Callable[[np.ndarray], bytes | str]] = {
    "a.ply": ply,
    "a.pcd": pcd,
    "a.npy": array,
    "a.npz": archive,
    "a.h5": hdf5,
    "a.xyz": lines,
    "a.txt": lambda p: lines(p, "\t"),
    "a.csv": lambda p: "X,Y,Z\n" + lines(p, ","),
    "a.pts": lambda p: f"{len(p)}\n" + lines(p),
    "a.obj": lambda p: lines(p, before="v "),
    "a.off": lambda p: f"OFF\n{len(p)} 0 0\n" + lines(p),
    "a.stl": stl,
    "a.las": las(False),
    "a.laz": las(True),
}
each = pytest.mark.parametrize("name", FORMATS)


@each
def test_survey_coordinates_keep_their_millimetres(name: str, tmp_path: Path) -> None:
    """A shift by 0.2 m is a shift by 0.2 m; rounded to float32 it is 0 or 0.5."""
    first = read_cloud(put(tmp_path / name, FORMATS[name](SURVEY)))
    second = read_cloud(put(tmp_path / name, FORMATS[name](SURVEY + NORTH)))
    assert first.points.dtype == torch.float64
    np.testing.assert_allclose((second.points - first.points).norm(dim=1), 0.2, atol=2e-6)
    np.testing.assert_allclose(first.points, SURVEY[: len(first)], atol=1e-6, rtol=0)


@each
def test_ordinary_clouds_are_single_precision(name: str, tmp_path: Path) -> None:
    points = np.round(RNG.normal(size=(200, 3)), 3)
    cloud = read_cloud(put(tmp_path / name, FORMATS[name](points)))
    assert cloud.points.dtype == torch.float32
    np.testing.assert_allclose(cloud.points, points[: len(cloud)], atol=2e-6)


@each
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_decides(name: str, dtype: torch.dtype, tmp_path: Path) -> None:
    for points in (SURVEY, RNG.normal(size=(200, 3))):
        assert read_cloud(put(tmp_path / name, FORMATS[name](points)), dtype=dtype).points.dtype == dtype


def test_other_dtypes_are_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "a.npy", array(SURVEY))
    with pytest.raises(
        ValueError, match=r"dtype must be torch.float32, torch.float64 or None, received .*float16"
    ):
        read_cloud(path, dtype=torch.float16)


@pytest.mark.parametrize("shift", [1e3, 1e5, 1e7])
def test_rule_looks_at_the_extent_and_not_at_the_size(shift: float, tmp_path: Path) -> None:
    """The same relative offset, the same type: float64 where rounding moves a point by 1e-6 of the extent."""
    for factor in (1e-6, 1.0, 1e6):
        np.save(tmp_path / "a.npy", (RNG.random((100, 3)) + shift) * factor)
        assert read_cloud(tmp_path / "a.npy").points.dtype == torch.float64
        np.save(tmp_path / "a.npy", (RNG.random((100, 3)) * shift + 1) * factor)
        assert read_cloud(tmp_path / "a.npy").points.dtype == torch.float32


def test_what_single_precision_holds_stays_single(tmp_path: Path) -> None:
    """Voxels, whole numbers and doubles that a program made of floats lose nothing, wherever they lie."""
    for points in (
        SURVEY.astype(np.float32),
        SURVEY.astype(np.float32).astype(np.float64),
        SURVEY.astype(np.int64),
    ):
        np.save(tmp_path / "a.npy", points)
        cloud = read_cloud(tmp_path / "a.npy")
        assert cloud.points.dtype == torch.float32
        np.testing.assert_array_equal(cloud.points.double(), points.astype(np.float64))
    np.save(tmp_path / "a.npy", np.array([[2**53, 1, 0], [2**53 - 1, 0, 0]]))
    assert read_cloud(tmp_path / "a.npy").points[0, 0] - read_cloud(tmp_path / "a.npy").points[1, 0] in (0, 1)


def test_a_single_point_far_away_keeps_its_digits(tmp_path: Path) -> None:
    cloud = read_cloud(put(tmp_path / "a.xyz", "500000.125 4500000.2 100\n"))
    assert cloud.points.tolist() == [[500000.125, 4500000.2, 100.0]]


def test_surface_of_a_survey(tmp_path: Path) -> None:
    triangle = "v 500000 4500000.2 0\nv 500001 4500000.2 0\nv 500000 4500001.2 0\nf 1 2 3\n"
    path = put(tmp_path / "a.obj", triangle)
    cloud = read_cloud(path, n_points=500)
    inside = cloud.points - torch.tensor([5e5, 4500000.2, 0], dtype=torch.float64)
    assert cloud.points.dtype == torch.float64
    assert -1e-9 < inside.min() < 0.05
    assert inside[:, :2].sum(1).max() < 1 + 1e-8
    assert read_mesh(path).vertices[0].tolist() == [5e5, 4500000.2, 0]


def test_subsets_folders_and_the_cache_keep_the_type(tmp_path: Path) -> None:
    data = tmp_path / "data"
    put(data / "far.npy", array(SURVEY))
    put(data / "near.npy", array(RNG.normal(size=(50, 3))))
    for _ in range(2):
        far, near = plain(data, n_points=20, progress=False, cache_dir=tmp_path / "cache")
        assert (far.points.dtype, near.points.dtype) == (torch.float64, torch.float32)
        rows = {tuple(row) for row in SURVEY.tolist()}
        assert all(tuple(row) in rows for row in far.points.tolist())
    assert stack([far, near]).dtype == torch.float64
    assert stack([near, near], 5).dtype == torch.float32
    single = plain(data, dtype=torch.float32, progress=False, cache_dir=tmp_path / "cache")
    assert {cloud.points.dtype for cloud in single} == {torch.float32}
    assert len(list((tmp_path / "cache").glob("*.npz"))) == 2


def test_clouds_of_both_types(tmp_path: Path) -> None:
    cloud = Cloud(torch.zeros(4, 3, dtype=torch.float64))
    assert repr(cloud) == "Cloud(name='', points=(4, 3), float64)"
    assert cloud.select(torch.tensor([0])).points.dtype == torch.float64


def test_benchmarks_give_what_their_papers_train_on(tmp_path: Path) -> None:
    """One type for all shapes, also for a model that its author drew far from the origin."""
    put(tmp_path / "ModelNet40/chair/train/chair_0001.off", FORMATS["a.off"](SURVEY))
    put(tmp_path / "modelnet40_normal_resampled/chair/chair_0001.txt",
        "".join(f"{x},{y},{z},0,0,1\n" for x, y, z in SURVEY))  # fmt: skip
    put(tmp_path / "modelnet40_normal_resampled/modelnet40_train.txt", "chair_0001\n")
    part = tmp_path / "shapenetcore_partanno_segmentation_benchmark_v0_normal"
    put(part / "synsetoffset2category.txt", "Table\t04379243\n")
    for split in ("train", "val", "test"):
        put(part / f"train_test_split/shuffled_{split}_file_list.json", '["shape_data/04379243/a"]')
    put(part / "04379243/a.txt", "".join(f"{x} {y} {z} 0 0 1 3\n" for x, y, z in SURVEY))
    clouds = [
        *modelnet40(tmp_path, n_points=None, progress=False),
        *modelnet40_normals(tmp_path, split="train", n_points=None, progress=False),
        *shapenet_part(tmp_path, progress=False),
    ]
    assert len(clouds) == 5
    assert {cloud.points.dtype for cloud in clouds} == {torch.float32}


def test_binary_stl_and_velodyne_are_single(tmp_path: Path) -> None:
    facet = np.zeros(1, [("n", "<f4", 3), ("v", "<f4", (3, 3)), ("a", "<u2")])
    facet["v"] = SURVEY[:3]
    path = put(tmp_path / "a.stl", bytes(80) + struct.pack("<I", 1) + facet.tobytes())
    assert read_cloud(path).points.dtype == torch.float32
    scan = np.column_stack([SURVEY, np.ones(200)]).astype("<f4")
    cloud = read_cloud(put(tmp_path / "a.bin", scan.tobytes()))
    assert cloud.points.dtype == torch.float32
    np.testing.assert_array_equal(cloud.points, scan[:, :3])
