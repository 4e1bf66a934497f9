"""Thousands of files of data sets that were tampered with: an error of ours or clouds of numbers, in little memory."""

from __future__ import annotations

import resource
import sys
from collections import Counter

import numpy as np
import pytest
import torch

from pcl_lib.codec import CodecError, read_set
from tests.codec.mutations import MUTATIONS, mended, mutated
from tests.codec.sets import stored

UNIT = 1 if sys.platform == "darwin" else 1024
LIMIT = 128 << 20  # of a file of two thousand bytes


@pytest.mark.slow
def test_mutated_files(tmp_path):
    """Of those with a checksum that fits some are good files of other numbers, whose clouds are read too."""
    rng = np.random.default_rng(0)
    path = tmp_path / "a.pcld"
    wholes = [stored(tmp_path / f"{p}.pcld", p).read_bytes() for p in ("float32", "float16", "uint8")]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes: Counter[str] = Counter()
    for number in range(MUTATIONS):
        whole = wholes[number % 3]
        data = mutated(rng, whole)
        path.write_bytes(data)
        try:
            found = read_set(path)
            points = found.points(0)
        except CodecError as error:
            outcomes[str(error).partition(": ")[2].partition(":")[0][:30]] += 1
            continue
        assert points.shape == (found.info.points, 3)
        assert bool(torch.isfinite(points).all())
        assert data == mended(data), "a wrong checksum was let pass"
        outcomes["the same" if data == whole else "other numbers"] += 1
    print(f"{MUTATIONS} files:", dict(outcomes.most_common()))
    assert outcomes["other numbers"] < 0.35 * MUTATIONS
    assert (
        min(outcomes["damaged"], outcomes["cut short or damaged"], outcomes["other numbers"])
        > 0.02 * MUTATIONS
    )
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * UNIT < LIMIT
