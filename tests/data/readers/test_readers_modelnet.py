"""ModelNet in its three forms, written here as the archives have it, and read back."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import trimesh

from pcl_lib.data.readers import (
    ReadError,
    modelnet10,
    modelnet40,
    modelnet40_hdf5,
    modelnet40_normals,
)
from tests.data.readers.samples import put

RNG = np.random.default_rng(0)


# ModelNet, meshes


@pytest.fixture
def modelnet_root(tmp_path: Path) -> Path:
    box = trimesh.creation.box(extents=(1, 2, 3)).export(file_type="off")
    glued = box.replace("OFF\n", "OFF", 1)
    for name, text in (
        ("chair/train/chair_0001", box),
        ("chair/test/chair_0002", glued),
        ("bed/train/bed_0001", box),
    ):
        put(tmp_path / "ModelNet40" / f"{name}.off", text)
    return tmp_path


def test_modelnet_meshes(modelnet_root: Path) -> None:
    clouds = modelnet40(modelnet_root, n_points=4000, progress=False)
    assert [(c.category, c.split, c.name) for c in clouds] == [
        ("bed", "train", "bed_0001"), ("chair", "test", "chair_0002"), ("chair", "train", "chair_0001"),
    ]  # fmt: skip
    points, normals = clouds[1].points, clouds[1].normals
    half = torch.tensor([0.5, 1.0, 1.5])
    assert points.shape == (4000, 3)
    assert ((points.abs() - half).abs().amin(1) < 1e-6).all()
    # Uniform by area: the faces across x, y, z have 6, 3, 2 of 11 parts; the deviation of a share is < 0.008.
    share = normals.abs().round().mean(0)
    torch.testing.assert_close(share, torch.tensor([6.0, 3.0, 2.0]) / 11, atol=0.032, rtol=0)
    assert ((points * normals).sum(1) > 0).all()


def test_modelnet_choices(modelnet_root: Path) -> None:
    root = modelnet_root / "ModelNet40"  # the data set itself instead of the folder that holds it
    assert [c.name for c in modelnet40(root, split="train", progress=False)] == ["bed_0001", "chair_0001"]
    assert [c.name for c in modelnet40(root, categories=["chair"], split="test", progress=False)] == [
        "chair_0002"
    ]
    vertices = modelnet40(root, n_points=None, categories="bed", progress=False)[0]
    assert vertices.points.shape == (8, 3)
    assert vertices.normals is None
    with pytest.raises(ValueError, match="categories must be some of bed, chair or 'all', received 'sofa'"):
        modelnet40(root, categories="sofa")
    with pytest.raises(ValueError, match="split must be some of test, train"):
        modelnet40(root, split="val")
    with pytest.raises(ValueError, match="n_points"):
        modelnet40(root, n_points=0, progress=False)


def test_modelnet_repeats_and_differs_by_seed(modelnet_root: Path) -> None:
    first, again, other = (
        modelnet40(modelnet_root, n_points=9, seed=s, progress=False)[0] for s in (0, 0, 1)
    )
    assert torch.equal(first.points, again.points)
    assert not torch.equal(first.points, other.points)


def test_modelnet10_is_found_by_its_name(modelnet_root: Path) -> None:
    (modelnet_root / "ModelNet40").rename(modelnet_root / "ModelNet10")
    assert len(modelnet10(modelnet_root, n_points=5, progress=False)) == 3


def test_mesh_without_faces_cannot_be_sampled(tmp_path: Path) -> None:
    put(tmp_path / "ModelNet10/bed/train/bed_0001.off", "OFF\n3 1 0\n0 0 0\n1 1 1\n2 2 2\n3 0 1 2\n")
    with pytest.raises(ReadError, match=r"bed_0001\.off: .*area"):
        modelnet10(tmp_path, n_points=5, progress=False)


def test_off_errors(tmp_path: Path) -> None:
    for text, message in (
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 3\n", "a face names vertex 3 of 3"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 -1\n", "a face names vertex -1 of 3"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n4 0 1 2\n", "is cut short"),
        (
            "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n2 0 1\n",
            "mesh must have a surface of positive area, received 0 faces",
        ),
        ("OFF\n3 2 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n", "promises 3 vertices and 2 faces, 4 lines follow"),
        ("PLY\n", "it starts with 'PLY'"),
        ("OFF\n0 0 0\n", "it has no vertices"),
    ):
        put(tmp_path / "ModelNet10/bed/train/bed_0001.off", text)
        with pytest.raises(ReadError, match=f"bed_0001.off: .*{message}"):
            modelnet10(tmp_path, progress=False)


# ModelNet, tables


@pytest.fixture
def hdf5_root(tmp_path: Path) -> Path:
    folder = tmp_path / "modelnet40_ply_hdf5_2048"
    put(folder / "shape_names.txt", "airplane\nbathtub\n")
    for name, labels in (("train0", [1, 0]), ("train1", [0]), ("test0", [1])):
        points = np.float32(len(labels)) + np.arange(len(labels) * 24, dtype=np.float32).reshape(-1, 8, 3)
        with h5py.File(folder / f"ply_data_{name}.h5", "w") as file:
            file.create_dataset("data", data=points, compression="gzip")
            file.create_dataset("label", data=np.array(labels, np.uint8)[:, None])
            if name != "test0":
                file.create_dataset("normal", data=np.ones_like(points))
    return tmp_path


def test_modelnet_hdf5(hdf5_root: Path) -> None:
    clouds = modelnet40_hdf5(hdf5_root, progress=False)
    assert [(c.name, c.category, c.split) for c in clouds] == [
        ("ply_data_test0/0000", "bathtub", "test"), ("ply_data_train0/0000", "bathtub", "train"),
        ("ply_data_train0/0001", "airplane", "train"), ("ply_data_train1/0000", "airplane", "train"),
    ]  # fmt: skip
    assert clouds[0].normals is None
    assert clouds[1].normals.shape == (8, 3)
    assert clouds[2].points[0].tolist() == [26.0, 27.0, 28.0]
    few = modelnet40_hdf5(hdf5_root, categories="airplane", split="train", n_points=4, progress=False)
    assert [(c.name, len(c)) for c in few] == [("ply_data_train0/0001", 4), ("ply_data_train1/0000", 4)]


def test_modelnet_hdf5_errors(hdf5_root: Path) -> None:
    folder = hdf5_root / "modelnet40_ply_hdf5_2048"
    put(folder / "shape_names.txt", "airplane\n")
    with pytest.raises(ReadError, match=r"ply_data_test0\.h5: labels up to 1; expected 0 to 0"):
        modelnet40_hdf5(hdf5_root, progress=False)
    put(folder / "shape_names.txt", "airplane\nbathtub\n")
    with h5py.File(folder / "ply_data_test0.h5", "r+") as file:
        file["data"][0, 3, 1] = np.nan
    with pytest.raises(ReadError, match=r"ply_data_test0\.h5 row 0: 1 of 8 points are NaN .* row 3"):
        modelnet40_hdf5(hdf5_root, progress=False)
    with h5py.File(folder / "ply_data_test0.h5", "r+") as file:
        del file["label"]
    with pytest.raises(ReadError, match=r"ply_data_test0\.h5: label missing, it has \['data'\]"):
        modelnet40_hdf5(hdf5_root, progress=False)
    with h5py.File(folder / "ply_data_test0.h5", "r+") as file:
        file["label"] = np.zeros((5, 1), np.uint8)
    with pytest.raises(ReadError, match=r"tables of shapes .*expected data \(S, N, 3\)"):
        modelnet40_hdf5(hdf5_root, progress=False)


@pytest.fixture
def normals_root(tmp_path: Path) -> Path:
    folder = tmp_path / "modelnet40_normal_resampled"
    put(folder / "modelnet40_train.txt", "night_stand_0001\nairplane_0002\nairplane_0001\n")
    put(folder / "modelnet40_test.txt", "airplane_0003\n")
    put(folder / "modelnet40_shape_names.txt", "airplane\nnight_stand\n")
    for name in ("airplane_0001", "airplane_0002", "airplane_0003", "night_stand_0001"):
        rows = [f"{i}.0,{i}.5,-{i},0.000000,0.6,0.8" for i in range(10)]
        put(folder / name.rpartition("_")[0] / f"{name}.txt", "\n".join(rows) + "\n")
    return tmp_path


def test_modelnet_normals(normals_root: Path) -> None:
    clouds = modelnet40_normals(normals_root, n_points=None, progress=False)
    assert [(c.name, c.category, c.split) for c in clouds] == [
        ("airplane_0003", "airplane", "test"), ("airplane_0001", "airplane", "train"),
        ("airplane_0002", "airplane", "train"), ("night_stand_0001", "night_stand", "train"),
    ]  # fmt: skip
    torch.testing.assert_close(clouds[0].points[3], torch.tensor([3.0, 3.5, -3.0]))
    torch.testing.assert_close(clouds[0].normals[3], torch.tensor([0.0, 0.6, 0.8]))
    first = modelnet40_normals(
        normals_root, n_points=4, first=True, categories="night_stand", progress=False
    )[0]
    assert first.points[:, 0].tolist() == [0, 1, 2, 3]
    drawn = modelnet40_normals(normals_root, n_points=4, categories="night_stand", progress=False)[0]
    assert drawn.points[:, 0].tolist() != [0, 1, 2, 3]
    assert len(set(drawn.points[:, 0].tolist())) == 4


def test_modelnet_normals_errors(normals_root: Path) -> None:
    folder = normals_root / "modelnet40_normal_resampled"
    put(folder / "airplane/airplane_0001.txt", "0,1,2,3,4\n")
    with pytest.raises(ReadError, match=r"airplane_0001\.txt: it has 5 columns; expected lines of 6 numbers"):
        modelnet40_normals(normals_root, n_points=None, progress=False)
    (folder / "airplane/airplane_0001.txt").unlink()
    with pytest.raises(ReadError, match=r"airplane_0001\.txt: cannot be opened"):
        modelnet40_normals(normals_root, n_points=None, progress=False)
    put(folder / "modelnet40_test.txt", "../../etc_0001\n")
    with pytest.raises(ReadError, match=r"modelnet40_test\.txt: the entry '\.\./\.\./etc_0001'"):
        modelnet40_normals(normals_root, progress=False)
