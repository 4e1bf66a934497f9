"""The model that ships: it is in the package, says where it is from, and is the same for every reader of a file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zlib
from pathlib import Path

import numpy as np
import pytest

from pcl_lib.codec import cloud_info, compress_cloud, decompress_cloud, read_model
from pcl_lib.codec._model_file import shipped
from pcl_lib.data import synthetic
from pcl_lib.metrics import d1_psnr
from tests.codec.dpcc_files import untrained
from tests.unavailable import unavailable

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


CHILD = """
import json, os, zlib
import pcl_lib, torch
from pcl_lib.codec import decompress_cloud
clouds = {name: decompress_cloud(f"tests/golden/{name}.pclc", progress=False).points for name in %r}
found = {name: [len(points), zlib.crc32(points.numpy().tobytes())] for name, points in clouds.items()}
print(json.dumps([os.path.dirname(pcl_lib.__file__), torch.get_num_threads(), found]))
"""


@pytest.mark.slow
def test_a_fresh_clone_reads_the_golden_files(tmp_path):
    """As they were committed, by the code that was committed with them, in another process with two threads."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        unavailable("this is not a git checkout")
    clone = tmp_path / "clone"
    subprocess.run([git, "clone", "--quiet", "--depth", "1", ROOT.as_uri(), clone], check=True)
    expected = json.loads((clone / "tests" / "golden" / "clouds.json").read_text(encoding="utf-8"))
    environment = os.environ | {"OMP_NUM_THREADS": "2", "PYTHONPATH": str(clone)}
    command = [sys.executable, "-c", CHILD % list(expected)]
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=True)
    where, threads, found = json.loads(done.stdout)
    assert Path(where) == clone / "pcl_lib"
    assert threads == 2
    assert set(found) == {"grid", "octree", "dpcc"}
    dpcc = expected["dpcc"]
    assert found["dpcc"] == [dpcc["points"], dpcc["crc32"]]
    for name in ("grid", "octree"):
        points = np.array(expected[name]["points"])
        assert found[name] == [len(points), zlib.crc32(points.tobytes())]


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
