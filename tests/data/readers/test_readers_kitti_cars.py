"""The KITTI cars of PCN's release: a folder in its layout is written, with known poses, and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pypcd4 import Encoding, PointCloud

from pcl_lib.data.readers import ReadError, kitti_cars
from tests.data.readers.samples import put

SIZE = np.array([4.2, 1.8, 1.5])  # length, width, height in metres
POSES = {  # heading, centre of the box
    "frame_0_car_0": (0.0, (12.0, 3.0, -1.0)),
    "frame_0_car_2": (2.5, (8.0, -4.0, -0.9)),
    "frame_10_car_0": (-1.2, (30.0, 0.0, -0.8)),
}
COUNTS = {"frame_0_car_0": 40, "frame_0_car_2": 300, "frame_10_car_0": 1}


def place(points: np.ndarray, name: str) -> np.ndarray:
    """From the car's own frame (metres, centre of the box at the origin) to where it stands."""
    heading, centre = POSES[name]
    c, s = np.cos(heading), np.sin(heading)
    return points @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T + centre


def own_points(name: str) -> np.ndarray:
    return (np.random.default_rng(len(name)).random((COUNTS[name], 3)) - 0.5) * SIZE


def box_text(name: str) -> str:
    """Eight corners in the release's order: around the floor from the rear left, then around the roof."""
    around = [(-1, 1), (-1, -1), (1, -1), (1, 1)]
    corners = np.array([(x, y, z) for z in (-1, 1) for x, y in around]) / 2 * SIZE
    return "".join(" ".join(f"{v:.18e}" for v in row) + "\n" for row in place(corners, name))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in POSES:
        put(tmp_path / "KITTI/bboxes" / f"{name}.txt", box_text(name))
        path = tmp_path / "KITTI/cars" / f"{name}.pcd"
        path.parent.mkdir(exist_ok=True)
        cloud = PointCloud.from_xyz_points(place(own_points(name), name).astype(np.float32))
        cloud.save(path, encoding=Encoding.BINARY)
    put(tmp_path / "KITTI/tracklets/tracklet_0.txt", "frame_0_car_0\n")
    return tmp_path


def test_pcn_frame(root: Path) -> None:
    cars = kitti_cars(root, n_partial=None, progress=False)
    assert [c.name for c in cars] == sorted(POSES)
    assert {(c.category, c.split) for c in cars} == {("car", "test")}
    for car in cars:
        expected = own_points(car.name)[:, [0, 2, 1]] / SIZE[0]  # length 1 along x, y up
        np.testing.assert_allclose(car.points, expected, atol=2e-6)


def test_synthetic_frame(root: Path) -> None:
    for car in kitti_cars(root / "KITTI", n_partial=None, frame="synthetic", progress=False):
        np.testing.assert_allclose(car.points, own_points(car.name) * 2 / SIZE[0], atol=4e-6)


def test_scans_become_of_one_size(root: Path) -> None:
    whole = kitti_cars(root, n_partial=None, progress=False)
    cars = kitti_cars(root, n_partial=64, progress=False)
    assert all(c.points.shape == (64, 3) for c in cars)
    assert [len(c.points.unique(dim=0)) for c in cars] == [40, 64, 1]
    for car, source in zip(cars, whole, strict=True):
        assert set(map(tuple, car.points.tolist())) <= set(map(tuple, source.points.tolist()))
    again, other = (kitti_cars(root, n_partial=64, seed=s, progress=False) for s in (0, 1))
    assert (again[1].points == cars[1].points).all()
    assert not (other[1].points == cars[1].points).all()
    assert len(kitti_cars(root, progress=False)[0]) == 2048


def test_from_the_cache(root: Path, tmp_path: Path) -> None:
    options = {"n_partial": 16, "cache_dir": tmp_path / "cache", "progress": False}
    first, second = kitti_cars(root, **options), kitti_cars(root, **options)
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert all((a.points == b.points).all() and a.name == b.name for a, b in zip(first, second, strict=True))
    other = kitti_cars(root, frame="synthetic", **options)
    assert not (other[0].points == first[0].points).all()
    put(root / "KITTI/bboxes/frame_0_car_0.txt", box_text("frame_0_car_0").replace("9.9", "9.8", 1))
    assert not (kitti_cars(root, **options)[0].points == first[0].points).all()  # a box changed: read anew


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (box_text("frame_0_car_0").split("\n", 1)[1], r"car_0\.txt: it has 7 lines; expected the 8 corners"),
        ("1 2\n" * 8, r"car_0\.txt: it has 2 columns; expected lines of 3 numbers"),
        ("1 2 3\n" * 8, r"car_0\.txt: its first and fourth corner coincide, the car has no length"),
        (box_text("frame_0_car_0").replace("-1.750000000000000000e+00", "nan", 1), r"car_0\.txt: 1 of 8 points are"),
        ("a box\n", r"car_0\.txt: ValueError"),
        ("", r"car_0\.txt: the file is empty"),
        (box_text("frame_10_car_0"), r"car_0\.pcd: the scan lies outside its box .*frame_0_car_0\.txt"),
    ],
)  # fmt: skip
def test_bad_boxes(root: Path, content: str, message: str) -> None:
    put(root / "KITTI/bboxes/frame_0_car_0.txt", content)
    with pytest.raises(ReadError, match=message):
        kitti_cars(root, progress=False)
    with pytest.warns(UserWarning, match=r"skipped .*frame_0_car_0"):
        assert len(kitti_cars(root, progress=False, on_error="skip")) == 2


def test_damage_and_what_is_missing(root: Path, tmp_path: Path) -> None:
    scan = root / "KITTI/cars/frame_0_car_2.pcd"
    whole = scan.read_bytes()
    scan.write_bytes(whole[:-5])
    with pytest.raises(ReadError, match=r"frame_0_car_2\.pcd: 300 points need 3600 bytes"):
        kitti_cars(root, progress=False)
    scan.write_bytes(whole)
    (root / "KITTI/bboxes/frame_0_car_2.txt").unlink()
    with pytest.raises(ReadError, match=r"car_2\.pcd: its box .*frame_0_car_2\.txt is missing; .*unpack"):
        kitti_cars(root, progress=False)
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        ReadError, match=r"nothing matches cars/\*\.pcd .*KITTI/bboxes/frame_<f>_car_<c>\.txt"
    ):
        kitti_cars(tmp_path / "empty")
    with pytest.raises(ValueError, match="frame must be one of 'pcn', 'synthetic', received 'shapenet'"):
        kitti_cars(root, frame="shapenet")
