"""The cache: the same clouds again, never stale, whole or absent, rebuilt with a warning when damaged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from pcl_lib import data
from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers import ReadError, ReadWarning, plain
from pcl_lib.data.readers import _cache as cache_module
from pcl_lib.data.readers._any_file import CLOUD_SUFFIXES


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two clouds with everything a cloud can have, and no cache from the environment."""
    monkeypatch.delenv("PCL_CACHE", raising=False)
    data = tmp_path / "data"
    data.mkdir()
    rng = np.random.default_rng(0)
    points, labels = rng.normal(size=(30, 3)), np.arange(30)
    colors = rng.integers(0, 256, (30, 3)).astype(np.uint8)
    np.savez(data / "a.npz", points=points, normals=points, colors=colors, labels=labels)
    np.save(data / "b.npy", rng.normal(size=(20, 2)))
    return data


def read(folder: Path, **options: object) -> list[Cloud]:
    return plain(folder, progress=False, cache_dir=folder.parent / "cache", **options)


def cache_files(folder: Path) -> list[Path]:
    return sorted((folder.parent / "cache").glob("*"))


def same(left: list[Cloud], right: list[Cloud]) -> bool:
    def equal(a: object, b: object) -> bool:
        if isinstance(a, torch.Tensor):
            return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
        return a == b

    return len(left) == len(right) and all(
        equal(v, vars(d)[k]) for c, d in zip(left, right, strict=True) for k, v in vars(c).items()
    )


def forbid_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, **options: object) -> Cloud:
        raise AssertionError(f"{path} was read again")

    for suffix in CLOUD_SUFFIXES:
        monkeypatch.setitem(CLOUD_SUFFIXES, suffix, fail)


def test_second_reading_comes_from_the_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read(folder)
    assert len(cache_files(folder)) == 1
    forbid_reading(monkeypatch)
    second = read(folder)
    assert same(first, second)
    assert second[0].colors.dtype == torch.uint8
    assert second[0].labels.tolist() == list(range(30))
    second[0].points[0] = 7.0  # the tensors own their memory
    assert not same(read(folder), second)


def test_no_cache_unless_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(folder.parent.rglob("*"))
    plain(folder, progress=False)
    assert sorted(folder.parent.rglob("*")) == before
    monkeypatch.setenv("PCL_CACHE", str(folder.parent / "cache"))
    plain(folder, progress=False)
    assert len(cache_files(folder)) == 1


def test_every_setting_and_every_file_counts(folder: Path) -> None:
    """Nothing that changes the result may find the old cache."""
    read(folder)
    read(folder, n_points=5)
    read(folder, n_points=5, seed=1)
    read(folder, on_error="skip")
    assert len(cache_files(folder)) == 4

    np.save(folder / "b.npy", np.zeros((20, 2)))  # same size, other content and time
    os.utime(folder / "b.npy", ns=(1, 1))
    assert read(folder)[1].points.abs().sum() == 0
    os.utime(folder / "b.npy", ns=(2, 2))
    read(folder)
    assert len(cache_files(folder)) == 6

    np.save(folder / "c.npy", np.ones((4, 3)))
    assert [c.name for c in read(folder)] == ["a", "b", "c"]
    (folder / "a.npz").unlink()
    assert [c.name for c in read(folder)] == ["b", "c"]
    assert [c.name for c in read(folder, pattern="c*")] == ["c"]


@pytest.mark.parametrize("file", ["cloud.py", "readers/ply.py", "readers/formats/lidar/las.py"])
def test_changed_code_makes_the_cache_stale_however_deep_it_lies(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str
) -> None:
    path = tmp_path / "code" / file
    path.parent.mkdir(parents=True)
    path.write_text("x = 1\n")
    monkeypatch.setattr(cache_module, "CODE", tmp_path / "code")
    read(folder)
    read(folder)
    assert len(cache_files(folder)) == 1
    path.write_text("x = 2\n")
    read(folder)
    assert len(cache_files(folder)) == 2
    path.rename(path.with_name("renamed.py"))
    read(folder)
    assert len(cache_files(folder)) == 3


def test_the_code_that_is_looked_at_is_all_of_data() -> None:
    assert Path(data.__file__).parent == cache_module.CODE


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text", "cut-short"])
def test_damaged_cache_is_rebuilt_with_a_warning(folder: Path, damage: str) -> None:
    first = read(folder)
    (path,) = cache_files(folder)
    raw = path.read_bytes()
    flipped = bytearray(raw)
    flipped[len(raw) // 2] ^= 0xFF
    bad = {
        "cut": raw[: len(raw) // 2],
        "flip": bytes(flipped),
        "empty": b"",
        "text": b"no zip",
        "cut-short": raw[:-1],
    }
    path.write_bytes(bad[damage])
    with pytest.warns(ReadWarning, match=f"damaged and will be rebuilt.*{path.name}"):
        again = read(folder)
    assert same(first, again)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert same(first, read(folder))


@pytest.mark.slow
def test_every_flipped_byte_is_noticed_or_harmless(folder: Path) -> None:
    first = read(folder)
    (path,) = cache_files(folder)
    raw = path.read_bytes()
    noticed = 0
    for position in range(0, len(raw), 23):
        damaged = bytearray(raw)
        damaged[position] ^= 0x04
        path.write_bytes(bytes(damaged))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert same(first, read(folder)), f"byte {position}"
        noticed += any("damaged" in str(w.message) for w in caught)
    assert noticed > 20


KILLED_BEFORE_RENAME = """
import os, signal, sys
from pcl_lib.data.readers import plain
os.replace = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
plain(sys.argv[1], cache_dir=sys.argv[2], progress=False)
"""


@pytest.mark.slow
def test_killed_between_write_and_rename_leaves_no_cache_file(folder: Path) -> None:
    command = [sys.executable, "-c", KILLED_BEFORE_RENAME, str(folder), str(folder.parent / "cache")]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    (leftover,) = cache_files(folder)
    assert leftover.suffix == ".partial"

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = read(
            folder
        )  # the leftover is not taken for a cache, and not removed: its writer may still live
    assert len(cache_files(folder)) == 2
    old = time.time() - 2 * cache_module.LEFTOVER_SECONDS
    os.utime(leftover, (old, old))
    assert same(first, read(folder, pattern="*"))
    read(folder, seed=3)
    assert all(path.suffix == ".npz" for path in cache_files(folder))


def test_failed_write_leaves_nothing_and_costs_a_warning(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*names: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.warns(ReadWarning, match="could not be written.*No space left"):
        clouds = read(folder)
    assert len(clouds) == 2
    assert cache_files(folder) == []


def test_failed_reading_leaves_no_cache(folder: Path) -> None:
    (folder / "bad.npy").write_bytes(b"not an array")
    with pytest.raises(ReadError, match=r"bad.npy"):
        read(folder)
    assert cache_files(folder) == []


def test_skipped_files_are_named_also_from_the_cache(folder: Path) -> None:
    (folder / "bad.npy").write_bytes(b"not an array")
    for _ in range(2):
        with pytest.warns(ReadWarning, match="skipped .*bad.npy"):
            assert len(read(folder, on_error="skip")) == 2
    assert len(cache_files(folder)) == 1
