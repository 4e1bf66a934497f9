"""Grid, octree and Draco: what goes in comes out, to half a step, and the file says how many points."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from pcl_lib.codec import cloud_info, compress_cloud, decompress_cloud
from pcl_lib.codec._adaptive import AdaptiveReader, AdaptiveWriter, Counts, bit_lengths, blocks
from pcl_lib.codec._cells import DEEPEST, interleave, separate
from pcl_lib.codec._grid import decode_grid, encode_grid
from pcl_lib.codec._octree import decode_octree, encode_octree
from pcl_lib.data import Cloud, synthetic

CHAIR = synthetic.sample("chair", 3000, seed=0)
RNG = np.random.default_rng(0)
LATTICE = ("grid", "octree")


def gap(x: torch.Tensor, y: torch.Tensor) -> float:
    """The largest distance of a point of one cloud to the other, along one axis, either way."""
    ways = [cKDTree(a.double()).query(b.double(), p=math.inf)[0].max() for a, b in ((x, y), (y, x))]
    return float(max(ways))


def test_bit_lengths_are_exact():
    powers = 2 ** np.arange(63, dtype=np.int64)
    values = np.concatenate([[0], powers, powers - 1, powers[2:] - 3])
    assert bit_lengths(values).tolist() == [int(v).bit_length() for v in values]


def test_morton_codes():
    cells = RNG.integers(0, 1 << DEEPEST, (500, 3))
    codes = interleave(cells)
    assert (separate(codes) == cells).all()
    by_hand = [
        sum(((int(c) >> b) & 1) << (3 * b + 2 - a) for b in range(DEEPEST) for a, c in enumerate(cell))
        for cell in cells[:20]
    ]
    assert codes[:20].tolist() == by_hand


def test_blocks_cover_all_and_begin_short():
    for n in (0, 1, 32, 33, 5000, 100_000):
        parts = blocks(n)
        assert [i for part in parts for i in (part.start, part.stop)][1:-1:2] == [p.start for p in parts[1:]]
        assert sum(part.stop - part.start for part in parts) == n
    assert max(p.stop - p.start for p in blocks(100_000)) == 4096


def test_integers_of_all_sizes_come_back():
    values = RNG.integers(0, 1 << RNG.integers(1, 63, 2000), dtype=np.int64)
    contexts = np.arange(len(values)) % 3
    writer = AdaptiveWriter()
    writer.integers(values, contexts, 3)
    writer.integers(values[:5], contexts[:5], 3)
    reader = AdaptiveReader(writer.data())
    assert (reader.integers(contexts, 3) == values).all()
    assert (reader.integers(contexts[:5], 3) == values[:5]).all()
    reader.finish()


def test_the_coder_comes_near_the_entropy():
    """Two contexts with distributions of their own: within 3 % of the entropy, and far below that without contexts."""
    rows = np.array([[0.7, 0.1, 0.1, 0.1], [0.05, 0.05, 0.1, 0.8]])
    contexts = RNG.integers(0, 2, 20_000)
    symbols = (RNG.random((20_000, 1)) > np.cumsum(rows, axis=1)[contexts]).sum(1)
    writer = AdaptiveWriter()
    writer.symbols(symbols, contexts, Counts(2, 4))
    bits = 8 * len(writer.data())
    entropy = 10_000 * -(rows * np.log2(rows)).sum()
    assert 0.97 * entropy < bits < 1.03 * entropy
    blind = AdaptiveWriter()
    blind.symbols(symbols, contexts * 0, Counts(1, 4))
    assert bits < 0.8 * 8 * len(blind.data())


def test_grid_and_octree_code_the_same_cells():
    cells = RNG.integers(0, 1 << 6, (4000, 3))
    codes = np.sort(interleave(cells))
    assert (interleave(decode_grid(encode_grid(cells), 4000)) == codes).all()
    occupied = np.unique(codes)
    assert len(occupied) < 4000
    assert (interleave(decode_octree(encode_octree(cells, 6), 6, len(occupied))) == occupied).all()


def test_neither_codec_is_a_straw_man():
    """20,000 points at 8 bits: plain cells cost 24 bits, the entropy of unordered points that are anywhere about 12."""
    points = synthetic.sample("chair", 20_000, seed=0).points.double().numpy()
    cells = np.floor((points + 1) / 2 * 255.999).astype(np.int64)
    n = len(np.unique(interleave(cells)))
    grid = 8 * len(encode_grid(np.unique(cells, axis=0))) / n
    octree = 8 * len(encode_octree(cells, 8)) / n
    assert octree < grid < 7.5
    assert octree < 6


@pytest.mark.parametrize("codec", ["grid", "octree", "draco"])
def test_points_come_back_to_half_a_step(codec, tmp_path):
    path = tmp_path / "chair.pclc"
    info = compress_cloud(CHAIR, path, codec=codec, bits=9)
    back = decompress_cloud(path)
    assert back.points.dtype == torch.float32
    side = float((CHAIR.points.amax(0) - CHAIR.points.amin(0)).max())
    assert gap(CHAIR.points, back.points) <= 0.5 * side / 2**9 * (1 + 1e-3) * (512 / 511)
    assert info.points == len(back.points)
    assert info.points_given == len(CHAIR)
    assert info.bytes == os.path.getsize(path)
    assert info.bits_per_point == 8 * os.path.getsize(path) / len(CHAIR)
    assert cloud_info(path) == info


@pytest.mark.parametrize("codec", LATTICE)
def test_more_bits_make_a_larger_file_and_a_smaller_error(codec, tmp_path):
    found = []
    for bits in (4, 7, 10, 13):
        info = compress_cloud(CHAIR, tmp_path / "c.pclc", codec=codec, bits=bits)
        found.append((info.bytes, gap(CHAIR.points, decompress_cloud(tmp_path / "c.pclc").points)))
    sizes, gaps = zip(*found, strict=True)
    assert list(sizes) == sorted(set(sizes))
    assert list(gaps) == sorted(set(gaps), reverse=True)


def test_duplicates_are_kept_or_merged_and_it_is_said(tmp_path):
    points = torch.cat([CHAIR.points[:100], CHAIR.points[:100], CHAIR.points[100:150]])
    path = tmp_path / "c.pclc"
    assert compress_cloud(points, path, codec="grid", bits=16).points == 250
    assert len(decompress_cloud(path).points) == 250
    merged = compress_cloud(points, path, codec="grid", bits=16, duplicates="merge")
    assert (merged.points, merged.points_given) == (150, 250)
    assert "250 given, 100 merged with others" in str(cloud_info(path))
    octree = compress_cloud(points, path, codec="octree", bits=16)
    assert octree.points == len(decompress_cloud(path).points) == 150
    with pytest.raises(ValueError, match="duplicates must be None or 'merge' for codec 'octree'"):
        compress_cloud(points, path, codec="octree", duplicates="keep")


def test_the_step_of_the_grid_is_a_length(tmp_path):
    path = tmp_path / "c.pclc"
    compress_cloud(CHAIR.points * 1000, path, codec="grid", step=5.0)
    assert 2.4 < gap(CHAIR.points * 1000, decompress_cloud(path).points) <= 2.5001
    assert "step 5.0" in str(cloud_info(path))


@pytest.mark.parametrize("codec", LATTICE)
def test_normals_come_back_with_their_points(codec, tmp_path):
    path = tmp_path / "c.pclc"
    compress_cloud(CHAIR, path, codec=codec, bits=16, normals=True)
    back = decompress_cloud(path)
    assert cloud_info(path).normals
    row = cKDTree(CHAIR.points).query(back.points)[1]
    cosine = (back.normals * CHAIR.normals[row]).sum(-1)
    assert float(cosine.min()) > 0.9998
    assert torch.allclose(back.normals.norm(dim=-1), torch.ones(len(back)))


def test_normals_of_merged_points_are_their_mean(tmp_path):
    points = torch.zeros(5, 3) + torch.tensor([[0.0], [0.0], [1.0], [1.0], [3.0]])
    normals = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, -1], [0, 0, -2]])
    compress_cloud(Cloud(points, normals=normals), tmp_path / "c.pclc", bits=4, normals=True)
    back = decompress_cloud(tmp_path / "c.pclc").normals
    expected = torch.tensor([[0.5**0.5, 0.5**0.5, 0], [0, 0, 1], [0, 0, -1]])
    torch.testing.assert_close(back, expected, atol=1.5 / 127, rtol=0)  # of a grid of 127 steps a side


def test_coordinates_of_a_survey_keep_their_millimetres(tmp_path):
    """UTM: in float32 these points would lie 0.5 m apart or in one place."""
    points = CHAIR.points.double() + torch.tensor([4.5e6, 5.4e5, 100.0])
    for codec in (*LATTICE, "draco"):
        compress_cloud(points, tmp_path / "c.pclc", codec=codec, bits=12)
        back = decompress_cloud(tmp_path / "c.pclc").points
        assert back.dtype == torch.float64
        assert gap(points, back) <= 2 / 2**12 / 2 * 1.001


@pytest.mark.parametrize("codec", ["grid", "octree", "draco"])
@pytest.mark.parametrize("count", [1, 7])
def test_one_point_and_all_equal_come_back_exactly(codec, count, tmp_path):
    points = torch.tensor([[0.1, -2e5, 3.0]], dtype=torch.float64).expand(count, 3).contiguous()
    info = compress_cloud(points, tmp_path / "c.pclc", codec=codec)
    back = decompress_cloud(tmp_path / "c.pclc").points
    assert back.unique(dim=0).tolist() == points[:1].tolist()
    assert len(back) == info.points == (count if codec == "grid" else 1)


def test_two_points_that_differ_along_one_axis(tmp_path):
    points = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 3.5]])
    compress_cloud(points, tmp_path / "c.pclc", codec="grid", bits=1)
    torch.testing.assert_close(decompress_cloud(tmp_path / "c.pclc").points, points)
