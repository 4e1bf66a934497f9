"""MNIST's idx files, in every spelling, to contour clouds."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from pcl_lib.data import digits
from pcl_lib.data.readers import ReadError, mnist
from pcl_lib.data.readers._mnist import contour_cloud

RADIUS = np.hypot(*(np.mgrid[:28, :28] - 13.5))
DISK = (255 * (RADIUS < 9)).astype(np.uint8)
RING = (255 * ((RADIUS < 9) & (RADIUS > 4))).astype(np.uint8)
BAR = np.zeros((28, 28), np.uint8)
BAR[4:24, 12:16] = 255


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    write(folder, "train", [DISK, RING, BAR], [0, 0, 1])
    write(folder, "t10k", [BAR, RING], [1, 0])
    return folder


def write(
    folder: Path, prefix: str, images: list[np.ndarray], labels: list[int], packed: bool = False
) -> None:
    for kind, array in (("images-idx3", np.stack(images)), ("labels-idx1", np.array(labels, np.uint8))):
        content = idx(array)
        name = f"{prefix}-{kind}-ubyte{'.gz' if packed else ''}"
        (folder / name).write_bytes(gzip.compress(content) if packed else content)


def test_clouds(raw: Path) -> None:
    clouds = mnist(raw.parents[1], n_points=200, progress=False)
    assert [(c.name, c.category, c.split) for c in clouds] == [
        ("test/00000", "1", "test"), ("test/00001", "0", "test"),
        ("train/00000", "0", "train"), ("train/00001", "0", "train"), ("train/00002", "1", "train"),
    ]  # fmt: skip
    assert all(c.points.shape == (200, 2) and c.points.abs().max() <= 1 for c in clouds)
    disk, ring, bar = (c.points for c in clouds[2:])
    torch.testing.assert_close(disk.norm(dim=1), torch.ones(200), atol=0.08, rtol=0)
    # The hole of the ring carries its share of the points: 4 of 9 + 4 parts of the length.
    assert (ring.norm(dim=1) < 0.7).float().mean().item() == pytest.approx(4 / 13, abs=0.03)
    assert bar[:, 1].max().item() == pytest.approx(1, abs=0.02)  # upright: 20 high, 4 wide
    assert bar[:, 0].max().item() == pytest.approx(0.2, abs=0.03)


def test_choices_and_seeds(raw: Path) -> None:
    root = raw.parents[1]
    assert [c.name for c in mnist(root, categories="1", progress=False)] == ["test/00000", "train/00002"]
    assert [c.name for c in mnist(root, split="train", limit=2, progress=False)] == [
        "train/00000",
        "train/00001",
    ]
    first, again, other = (mnist(root, limit=1, seed=s, progress=False)[0].points for s in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    alone = mnist(root, split="train", categories="1", progress=False)[0]
    assert torch.equal(alone.points, mnist(root, progress=False)[4].points)


def test_every_spelling(raw: Path, tmp_path: Path) -> None:
    reference = mnist(raw, progress=False)
    for path in sorted(raw.iterdir()):
        (raw / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    packed = mnist(raw, progress=False)
    assert all(torch.equal(a.points, b.points) for a, b in zip(reference, packed, strict=True))
    for path in sorted(raw.iterdir()):
        path.rename(raw / path.name.replace("-idx", ".idx"))
    dotted = mnist(raw, progress=False)
    assert all(torch.equal(a.points, b.points) for a, b in zip(reference, dotted, strict=True))


def test_the_contours_are_those_of_the_digits() -> None:
    """The same routine: scikit-learn's images, level and factor give the clouds of ``pcl_lib.data.digits``."""
    images = load_digits().images
    for cloud in digits.load(100, split="test", seed=3)[:20]:
        i = int(cloud.name.removeprefix("digit-"))
        start = np.random.default_rng([3, i]).random()
        points = contour_cloud(images[i], 100, start=start, level=8.0, factor=8)
        np.testing.assert_allclose(cloud.points, points, atol=1e-6)


def test_errors(raw: Path) -> None:
    write(raw, "train", [DISK, np.zeros_like(DISK)], [0, 1])
    with pytest.raises(ReadError, match=r"train-images-idx3-ubyte image 1: .*no contour at grey level 127.5"):
        mnist(raw, progress=False)
    with pytest.warns(UserWarning, match="skipped .*image 1"):
        assert len(mnist(raw, progress=False, on_error="skip")) == 3
    write(raw, "train", [DISK, RING], [0])
    with pytest.raises(ReadError, match="train-labels-idx1-ubyte: 1 labels up to 0 for 2 images"):
        mnist(raw, progress=False)
    write(raw, "train", [DISK, RING], [0, 11])
    with pytest.raises(ReadError, match="2 labels up to 11 for 2 images; expected a label 0 to 9"):
        mnist(raw, progress=False)
    (raw / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(ReadError, match="there is no t10k-labels-idx1-ubyte; expected MNIST/raw/"):
        mnist(raw, progress=False)
    (raw / "train-images-idx3-ubyte").write_bytes(idx(np.stack([DISK, RING]))[:-1])
    with pytest.raises(ReadError, match="train-images-idx3-ubyte: the header claims"):
        mnist(raw, split="train", progress=False)
    with pytest.raises(ValueError, match="n_points must be an integer of at least 1, received 0"):
        mnist(raw, n_points=0, progress=False)
