"""The model that ships: it is in the package, says where it is from, and is the same for every reader of a file."""

from __future__ import annotations

import json
import tomllib
import zlib
from pathlib import Path

from pcl_lib.codec import cloud_info, compress_cloud, decompress_cloud, read_model
from pcl_lib.codec._model_file import shipped
from pcl_lib.data import synthetic
from pcl_lib.metrics import d1_psnr
from tests.codec.dpcc_files import untrained

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"


def test_it_is_in_the_package_and_says_where_it_is_from():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert config["tool"]["setuptools"]["package-data"]["pcl_lib.codec"] == ["shipped/*"]
    assert shipped().parent == ROOT / "pcl_lib" / "codec" / "shipped"
    assert shipped().stat().st_size < 500_000
    provenance = read_model().provenance
    assert {"script", "data", "steps", "seed", "rate_weight", "end"} <= set(provenance)


def test_a_file_written_once_is_read_for_ever():
    """By the network that ships, on any machine: the same points to the last bit."""
    expected = json.loads((GOLDEN / "clouds.json").read_text(encoding="utf-8"))["dpcc"]
    assert read_model().checksum == expected["model"]
    points = decompress_cloud(GOLDEN / "dpcc.pclc", progress=False).points
    assert len(points) == expected["points"]
    assert zlib.crc32(points.numpy().tobytes()) == expected["crc32"]
    assert points[:5].tolist() == expected["first"]
    assert str(cloud_info(GOLDEN / "dpcc.pclc")) == expected["info"]


def test_it_has_learnt_something(tmp_path):
    """Of a shape that it was not trained on: nearer, in fewer bits, and in a better number than without training."""
    chair = synthetic.sample("chair", 3000, seed=5)
    found = []
    for model in (None, untrained()):
        info = compress_cloud(chair, tmp_path / "c.pclc", codec="dpcc", model=model, progress=False)
        points = decompress_cloud(tmp_path / "c.pclc", model=model, progress=False).points
        found.append(
            (info.bits_per_point, abs(len(points) / 3000 - 1), float(d1_psnr(chair.points, points, peak=2.0)))
        )
    (bits, excess, psnr), (bits_before, excess_before, psnr_before) = found
    assert bits < bits_before
    assert excess < 0.15 < excess_before
    assert psnr > psnr_before + 3
