"""ShapeNet, ShapeNet-Part and PCN, written here as the archives have them, and read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from pypcd4 import Encoding, PointCloud

from pcl_lib.data.readers import (
    ReadError,
    pcn,
    shapenet_part,
    shapenet_pc15k,
)
from tests.data.readers.samples import put

RNG = np.random.default_rng(0)


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
        ValueError, match=r"categories must be some of airplane \(02691156\), chair .* received 'boat'"
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
