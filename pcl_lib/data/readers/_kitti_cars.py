"""The cars that PCN cut out of a KITTI sequence (yuan2018pcn): scans without a complete shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from pcl_lib._checks import check_option
from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._errors import read_error
from pcl_lib.data.readers._make_clouds import make_cloud, rng_for, subset
from pcl_lib.data.readers._pcd import read_pcd
from pcl_lib.data.readers._read_files import collect, flatten, locate
from pcl_lib.data.readers._text import read_table

FRAMES = ("pcn", "synthetic")
BOX = (
    "the 8 corners of the car's box, x y z on each line: "
    "rear left, rear right, front right, front left, at the bottom and then at the top"
)


def kitti_cars(
    root: str | Path | None = None,
    *,
    n_partial: int | None = 2048,
    frame: str = "pcn",
    seed: int = 0,
    cache_dir: str | Path | None = None,
    progress: bool = True,
    on_error: str = "raise",
) -> list[Cloud]:
    """Partial scans of cars on the road, each brought into one frame by its labelled box, sorted by name.

    Layout: ``KITTI/cars/frame_<f>_car_<c>.pcd`` in metres in the sensor's frame, beside
    ``KITTI/bboxes/frame_<f>_car_<c>.txt``, the 8 corners of the box. With o the centre of the box, h its
    heading and l its length, ``frame="pcn"`` gives what PCN's networks take, R_z(-h)(p - o) / l with y and z
    exchanged: length 1 along x, y up. (The exchange alone is a reflection; a car is its own mirror image, nearly.)
    ``frame="synthetic"`` gives that of ``synthetic.mesh("car")``, 2 R_z(-h)(p - o) / l: length 2 along x, z up.
    A scan has few points or thousands: ``n_partial`` takes a random subset, or repeats points where there are fewer;
    ``None`` keeps what the file holds. PCN feeds each scan as it is, PoinTr fills up with zeros and leaves these out
    of its metrics.

    Cost: O(bytes). Errors: ReadError, also for a scan without its box, a box without length and a scan that lies
    outside its box; ValueError for an unknown frame. References: yuan2018pcn, geiger2013raw, yu2021pointr.
    """
    check_option("frame", frame, FRAMES)
    layout = "KITTI/cars/frame_<f>_car_<c>.pcd and KITTI/bboxes/frame_<f>_car_<c>.txt"
    base = locate(root, ["KITTI", "kitti"], "cars/*.pcd", layout)
    scans = sorted((base / "cars").glob("*.pcd"))
    boxes = {scan: base / "bboxes" / f"{scan.stem}.txt" for scan in scans}

    def read_one(path: Path) -> list[Cloud]:
        if not boxes[path].exists():
            raise read_error(
                path, f"its box {boxes[path]} is missing", expected=layout, fix="unpack the archive again"
            )
        cloud = subset(
            _in_its_box(path, boxes[path], frame), n_partial, rng_for(seed, path.stem), path=path, repeat=True
        )
        return [Cloud(cloud.points, name=path.stem, category="car", split="test")]

    return flatten(
        collect(
            "kitti_cars", scans, read_one, root=base, files=[*scans, *boxes.values()],
            settings={"n_partial": n_partial, "frame": frame, "seed": seed},
            cache_dir=cache_dir, progress=progress, on_error=on_error,
        )
    )  # fmt: skip


def _in_its_box(path: Path, box: Path, frame: str) -> Cloud:
    corners = read_table(box, (3,))
    if len(corners) != 8:
        raise read_error(box, f"it has {len(corners)} lines", expected=BOX)
    make_cloud(box, corners)  # finite, or an error that names the file
    ahead = corners[3, :2] - corners[0, :2]  # along the left side, from the rear to the front
    length = float(np.hypot(*ahead))
    if not length > 0:
        raise read_error(box, "its first and fourth corner coincide, the car has no length", expected=BOX)
    (c, s), centre = ahead / length, (corners.min(0) + corners.max(0)) / 2
    turned = (read_pcd(path).points.double().numpy() - centre) @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    if np.abs(turned).max() > length:
        raise read_error(path, f"the scan lies outside its box {box}", expected=BOX)
    points = turned[:, [0, 2, 1]] / length if frame == "pcn" else turned * (2 / length)
    return make_cloud(path, points, dtype=torch.float32)
