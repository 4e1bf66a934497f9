"""The readers on files that nobody on this project made; skipped where these are not at hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from pcl_lib.data.readers import (
    ReadError,
    ReadWarning,
    airplanes,
    face_model,
    ict_faces,
    modelnet40,
    mpeg,
    plain,
    read_cloud,
    read_mesh,
    shapenet_part,
)

DATA = Path(os.environ.get("PCL_DATA") or Path(__file__).parents[4] / "shared" / "data")


def at(path: str) -> Path:
    if not (DATA / path).exists():
        pytest.skip(f"{path} is not in {DATA} (set PCL_DATA)")
    return DATA / path


@pytest.mark.parametrize("name", ["bathtub_0002", "bathtub_0002_glued_header", "bed_0001"])
def test_off_as_trimesh_reads_it(name: str) -> None:
    path = at(f"formats/off/{name}.off")
    mesh, reference = read_mesh(path), trimesh.load(path, process=False)
    np.testing.assert_array_equal(mesh.vertices, reference.vertices)
    np.testing.assert_array_equal(mesh.faces, reference.faces)


def test_glued_header_is_the_same_mesh() -> None:
    plainly, glued = (read_mesh(at(f"formats/off/bathtub_0002{end}.off")) for end in ("", "_glued_header"))
    np.testing.assert_array_equal(plainly.vertices, glued.vertices)
    np.testing.assert_array_equal(plainly.faces, glued.faces)
    assert plainly.vertices.shape == (700, 3)
    assert plainly.faces.shape == (664, 3)


def test_modelnet_layout_of_real_meshes(tmp_path: Path) -> None:
    for category, split, name in (("bathtub", "train", "bathtub_0002"), ("bed", "train", "bed_0001")):
        target = tmp_path / "ModelNet40" / category / split
        target.mkdir(parents=True)
        (target / f"{name}.off").write_bytes(at(f"formats/off/{name}.off").read_bytes())
    clouds = modelnet40(tmp_path, n_points=1024, progress=False)
    assert [(c.name, c.points.shape) for c in clouds] == [
        ("bathtub_0002", (1024, 3)),
        ("bed_0001", (1024, 3)),
    ]
    for cloud in clouds:
        path = at(f"formats/off/{cloud.name}.off")
        _, distance, _ = trimesh.proximity.closest_point_naive(trimesh.load(path), cloud.points[:50].numpy())
        assert distance.max() < 1e-4


@pytest.mark.parametrize(("name", "n"), [("airplane", 753), ("car", 1511), ("chair", 1193), ("lamp", 1715)])
def test_pcd(name: str, n: int) -> None:
    path = at(f"formats/pcd/{name}.pcd")
    cloud = read_cloud(path)
    assert cloud.points.shape == (n, 3)
    assert cloud.points.abs().max() < 0.6
    np.testing.assert_array_equal(cloud.points, np.loadtxt(path, skiprows=11, dtype=np.float32))


def test_pcd_cut_short(tmp_path: Path) -> None:
    raw = at("formats/pcd/chair.pcd").read_bytes()
    path = tmp_path / "chair.pcd"
    for cut in np.linspace(1, len(raw) - 30, 25).astype(int):
        path.write_bytes(raw[:cut])
        with pytest.raises(ReadError, match=r"chair\.pcd"):
            read_cloud(path)


def test_shapenet_part() -> None:
    root = at("formats/shapenet_part")
    (cloud,) = shapenet_part(root, split="test", categories="Table", progress=False)
    assert cloud.name == "1a2abbc9712e2fffc3bd24f986301745"
    assert cloud.points.shape == (2794, 3)
    assert set(cloud.labels.tolist()) <= set(range(47, 50))
    assert len(set(cloud.labels.tolist())) > 1
    assert cloud.normals.norm(dim=1).sub(1).abs().median() < 1e-3
    with pytest.warns(ReadWarning, match="skipped .*(1c8d5e05|212e0563)") as caught:
        train = shapenet_part(root, split="train", on_error="skip", progress=False)
    assert len(caught) == 2
    assert [c.name for c in train] == ["1a2abbc9712e2fffc3bd24f986301745"]
    with pytest.raises(ReadError, match=r"1c8d5e05c3faa05861be5ced44bc18ac.txt: cannot be opened"):
        shapenet_part(root, split="train", progress=False)


def test_ply_keeps_its_outlier() -> None:
    (cloud,) = mpeg(at("formats/ply"), progress=False)
    assert cloud.points.shape == (18243, 3)
    assert cloud.colors.dtype == torch.uint8
    distance = (cloud.points - cloud.points.median(0).values).norm(dim=1)
    assert cloud.points[distance.argmax()].tolist() == [0, 0, 0]
    assert distance.max() > 1.4 * distance.topk(2).values[1]


def test_all_formats_in_one_folder() -> None:
    clouds = plain(at("formats"), progress=False)
    assert [c.name for c in clouds] == sorted(c.name for c in clouds)
    assert len(clouds) >= 8
    assert {c.category for c in clouds} >= {"off", "pcd", "ply"}


def test_airplanes() -> None:
    at("airplanes")
    clouds = airplanes(DATA)
    assert [c.split for c in clouds].count("train") == 626
    assert [c.split for c in clouds].count("test") == 100
    assert [c.name for c in clouds] == [f"airplane_{i:04d}" for i in range(1, 727)]
    assert all(c.points.shape == (2048, 3) and c.category == "airplane" for c in clouds)
    radius = torch.stack([c.points.norm(dim=1).max() for c in clouds])
    assert radius.max() < 1.002
    assert radius.min() > 0.9
    assert len(airplanes(DATA, split="test", n_points=64)[0]) == 64


def test_faces() -> None:
    at("faces")
    model = face_model(DATA)
    assert model.neutral.shape == (11248, 3)
    assert model.modes.shape == (100, 11248, 3)
    assert model.tri.shape == (22288, 3)
    np.testing.assert_array_equal(model.face(np.zeros(100)).vertices, model.neutral)
    step = model.face(np.eye(100)[3]).vertices - model.neutral
    np.testing.assert_allclose(step, model.modes[3], atol=1e-12)
    with pytest.raises(ValueError, match="w must be one weight for each of 100 modes"):
        model.face(np.zeros(3))

    clouds = ict_faces(3, 5000, root=DATA)
    assert [len(c) for c in clouds] == [5000] * 3
    assert torch.equal(ict_faces(2, 5000, root=DATA)[1].points, clouds[1].points)
    # In correspondence: rows move by millimetres between faces, far less than the head's 30 cm.
    moved = (clouds[0].points - clouds[1].points).norm(dim=1)
    assert 0 < moved.median() < 2
    assert moved.max() < 6
    assert ict_faces(1, None, root=DATA)[0].points.shape == (11248, 3)
