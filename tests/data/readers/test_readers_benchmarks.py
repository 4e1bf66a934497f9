"""Each benchmark's layout, written here as the original archives have it, and read back."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import trimesh
from pypcd4 import Encoding, PointCloud

from pcl_lib.data.readers import (
    ReadError,
    kitti,
    modelnet10,
    modelnet40,
    modelnet40_hdf5,
    modelnet40_normals,
    mpeg,
    packed,
    pcn,
    registered_meshes,
    shapenet_part,
    shapenet_pc15k,
)

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PCL_CACHE", raising=False)


def put(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


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
    with pytest.raises(ValueError, match="categories: expected some of bed, chair or 'all', got 'sofa'"):
        modelnet40(root, categories="sofa")
    with pytest.raises(ValueError, match="split: expected some of test, train"):
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
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n2 0 1\n", "a face with 2 corners"),
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


# ShapeNet


def test_shapenet_pc15k(tmp_path: Path) -> None:
    for name in (
        "02691156/train/b",
        "02691156/train/a",
        "02691156/val/c",
        "03001627/test/d",
        "99999999/test/e",
    ):
        path = put(tmp_path / "ShapeNetCore.v2.PC15k" / f"{name}.npy", b"")
        np.save(path, RNG.normal(size=(150, 3)).astype(np.float32))
    clouds = shapenet_pc15k(tmp_path, n_points=100, progress=False)
    assert [(c.name, c.category, c.split) for c in clouds] == [
        ("a", "airplane", "train"), ("b", "airplane", "train"), ("c", "airplane", "val"),
        ("d", "chair", "test"), ("e", "99999999", "test"),
    ]  # fmt: skip
    assert all(c.points.shape == (100, 3) for c in clouds)
    for wanted in ("chair", "03001627", ["chair"]):
        (chair,) = shapenet_pc15k(tmp_path, categories=wanted, n_points=None, progress=False)
        assert chair.name == "d"
        assert len(chair) == 150
    with pytest.raises(
        ValueError, match=r"categories: expected some of airplane \(02691156\), chair .* got 'boat'"
    ):
        shapenet_pc15k(tmp_path, categories=["chair", "boat"])


@pytest.fixture
def part_root(tmp_path: Path) -> Path:
    base = tmp_path / "shapenetcore_partanno_segmentation_benchmark_v0_normal"
    put(base / "synsetoffset2category.txt", "Airplane\t02691156\nTable\t04379243\n")
    lists = {
        "train": ["shape_data/04379243/bb", "shape_data/02691156/aa", "shape_data/04379243/bb"],
        "val": ["shape_data/02691156/cc"],
        "test": ["shape_data/04379243/dd"],
    }
    for split, entries in lists.items():
        put(base / "train_test_split" / f"shuffled_{split}_file_list.json", json.dumps(entries))
        for entry in entries:
            rows = [f"0.{i} 0.2 0.3 0.0 0.0 1.0 {47 + i % 2}.000000" for i in range(6)]
            put(base / f"{entry.removeprefix('shape_data/')}.txt", "\n".join(rows) + "\n")
    return tmp_path


def test_shapenet_part(part_root: Path) -> None:
    clouds = shapenet_part(part_root, progress=False)
    assert [(c.name, c.category, c.split) for c in clouds] == [
        ("aa", "Airplane", "train"), ("bb", "Table", "train"), ("cc", "Airplane", "val"), ("dd", "Table", "test"),
    ]  # fmt: skip
    assert clouds[0].labels.tolist() == [47, 48] * 3
    assert clouds[0].labels.dtype == torch.int64
    assert clouds[0].normals[0].tolist() == [0, 0, 1]
    few = shapenet_part(part_root, split="train", categories="Table", n_points=3, progress=False)
    assert len(few) == 1
    assert few[0].labels.shape == (3,)
    assert [c.name for c in shapenet_part(part_root, categories="02691156", progress=False)] == ["aa", "cc"]


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        (
            "04379243/dd.txt",
            "0 0 0 0 0 1 50\n",
            r"dd\.txt: part labels from 50\.0 to 50\.0; expected 0 to 49",
        ),
        ("04379243/dd.txt", "0 0 0 0 0 1 1.5\n", r"dd\.txt: label 1\.5 in row 0"),
        ("04379243/dd.txt", "0 0 0 0 0 1 nan\n", r"dd\.txt: part labels from nan"),
        ("04379243/dd.txt", "0 0 nan 0 0 1 3\n", r"dd\.txt: 1 of 1 points are NaN"),
        ("04379243/dd.txt", "0 0 0 0 0 1\n", r"dd\.txt: it has 6 columns; expected lines of 7 numbers"),
        (
            "train_test_split/shuffled_test_file_list.json",
            '["a/b"]',
            r"test_file_list\.json: the entry 'a/b'",
        ),
        ("train_test_split/shuffled_test_file_list.json", "[1]", r"test_file_list\.json: TypeError"),
        ("train_test_split/shuffled_test_file_list.json", '["sha', r"test_file_list\.json: JSONDecodeError"),
        ("synsetoffset2category.txt", "Table\n", r"synsetoffset2category\.txt: ValueError"),
    ],
)
def test_shapenet_part_errors(part_root: Path, file: str, content: str, message: str) -> None:
    put(part_root / "shapenetcore_partanno_segmentation_benchmark_v0_normal" / file, content)
    with pytest.raises(ReadError, match=message):
        shapenet_part(part_root, progress=False)


# PCN


def put_pcd(path: Path, n: int, encoding: Encoding) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PointCloud.from_xyz_points(RNG.normal(size=(n, 3)).astype(np.float32)).save(path, encoding=encoding)


@pytest.fixture
def pcn_root(tmp_path: Path) -> Path:
    base = tmp_path / "PCN"
    for split, synset, shape, views in (
        ("train", "02691156", "aa", 2), ("train", "03001627", "bb", 1), ("test", "02691156", "cc", 0),
    ):  # fmt: skip
        put_pcd(base / split / "complete" / synset / f"{shape}.pcd", 64, Encoding.BINARY_COMPRESSED)
        for view in range(views):
            put_pcd(base / split / "partial" / synset / shape / f"{view:02d}.pcd", 20 + view, Encoding.ASCII)
        if views == 0:  # the test split of the first release: one scan per shape, beside its id
            put_pcd(base / split / "partial" / synset / f"{shape}.pcd", 20, Encoding.BINARY)
    return tmp_path


def test_pcn(pcn_root: Path) -> None:
    pairs = pcn(pcn_root, n_partial=None, progress=False)
    assert [(p.partial.name, p.complete.name, p.partial.category, p.partial.split) for p in pairs] == [
        ("02691156/cc", "02691156/cc", "airplane", "test"), ("02691156/aa/00", "02691156/aa", "airplane", "train"),
        ("02691156/aa/01", "02691156/aa", "airplane", "train"), ("03001627/bb/00", "03001627/bb", "chair", "train"),
    ]  # fmt: skip
    assert [len(p.partial) for p in pairs] == [20, 20, 21, 20]
    assert all(len(p.complete) == 64 for p in pairs)
    assert pairs[1].complete is pairs[2].complete
    drawn = pcn(
        pcn_root, split="train", categories="airplane", views=[1], n_partial=32, n_complete=16, progress=False
    )
    (pair,) = drawn
    assert pair.partial.name.endswith("01")
    assert len(pair.partial) == 32
    assert len(pair.complete) == 16
    assert len(pair.partial.points.unique(dim=0)) == 21  # fewer than asked for: all of them, then repeats
    assert len(pair.complete.points.unique(dim=0)) == 16


def test_pcn_from_the_cache_keeps_the_pairs(pcn_root: Path, tmp_path: Path) -> None:
    first, second = (pcn(pcn_root, cache_dir=tmp_path / "cache", progress=False) for _ in range(2))
    assert len(list((tmp_path / "cache").iterdir())) == 1
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a.partial.points, b.partial.points)
        assert torch.equal(a.complete.points, b.complete.points)
        assert a.partial.name == b.partial.name
    assert second[1].complete is second[2].complete


def test_pcn_errors(pcn_root: Path) -> None:
    whole = pcn_root / "PCN/train/complete/03001627/bb.pcd"
    raw = whole.read_bytes()
    whole.write_bytes(raw[:-9])
    with pytest.raises(ReadError, match=r"bb\.pcd: 64 points need 768 bytes"):
        pcn(pcn_root, progress=False)
    whole.unlink()
    with pytest.raises(ReadError, match=r"03001627/bb: its complete shape .*bb\.pcd is missing"):
        pcn(pcn_root, progress=False)
    with pytest.warns(UserWarning, match=r"skipped .*bb"):
        assert len(pcn(pcn_root, progress=False, on_error="skip")) == 3


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
    with pytest.raises(ValueError, match=r"sequences: expected some of .*08.*, got 11"):
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
