"""Thousands of files of clouds that were tampered with: an error of ours or finite points, in little memory."""

from __future__ import annotations

import resource
import sys
from collections import Counter

import numpy as np
import pytest
import torch

from pcl_lib.codec import CodecError, compress_cloud, decompress_cloud
from pcl_lib.data import synthetic
from tests.codec.dpcc_files import model
from tests.codec.mutations import MUTATIONS, mended, mutated

UNIT = 1 if sys.platform == "darwin" else 1024
LIMIT = 256 << 20  # of a file of two thousand bytes
POINTS = 20_000  # the limit on points: what a file may claim at most


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["grid", "octree", "dpcc"])
def test_mutated_files(codec, tmp_path):
    """Of those with a checksum that fits, one whose points are those that were written has changed elsewhere."""
    rng = np.random.default_rng(0)
    path = tmp_path / "a.pclc"
    options = {"normals": True} if codec != "dpcc" else {"model": model(), "progress": False}
    compress_cloud(synthetic.sample("chair", 600, seed=0), path, codec=codec, **options)
    whole = path.read_bytes()
    count = MUTATIONS if codec != "dpcc" else MUTATIONS // 4
    decompress_cloud(path, model=model())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes: Counter[str] = Counter()
    for _ in range(count):
        data = mutated(rng, whole)
        path.write_bytes(data)
        try:
            cloud = decompress_cloud(path, model=model(), limit=POINTS, progress=False)
        except CodecError as error:
            where, _, what = str(error).partition(": ")
            outcomes[what.partition(":")[0][:30] if where == str(path) else "no path"] += 1
            continue
        assert len(cloud) <= POINTS
        assert bool(torch.isfinite(cloud.points).all())
        assert data == mended(data), "a wrong checksum was let pass"
        outcomes["the same" if data == whole else "other bytes"] += 1
    print(f"{count} files of {codec}:", dict(outcomes.most_common()))
    assert outcomes["no path"] == 0
    assert outcomes["other bytes"] < 0.1 * count
    assert min(outcomes["damaged"], outcomes["cut short or damaged"]) > 0.02 * count
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * UNIT < LIMIT
