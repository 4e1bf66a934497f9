"""Files of clouds: bad input, hostile files, another process, and files that were written once and for all."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from pcl_lib.codec import (
    CodecError,
    cloud_info,
    compress_cloud,
    decompress_cloud,
    read_container,
    write_cloud,
    write_container,
)
from pcl_lib.data import Cloud, synthetic

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
CHAIR = synthetic.sample("chair", 600, seed=0)
CODECS = ("grid", "octree", "draco")


def as_file(tmp_path: Path, codec: str, **options: object) -> Path:
    compress_cloud(CHAIR, tmp_path / "c.pclc", codec=codec, **options)
    return tmp_path / "c.pclc"


def with_change(path: Path, header: dict | None = None, **arrays: object) -> Path:
    """The same file with another header or other arrays, and a checksum that fits."""
    old, streams = read_container(path, "pclc")
    changed = {name: value for name, value in {**streams, **arrays}.items() if value is not None}
    write_container(path, "pclc", {**old, **(header or {})}, changed)
    return path


CHILD = """
import sys, torch, zlib
torch.set_num_threads(int(sys.argv[2]))
from pcl_lib.codec import decompress_cloud
cloud = decompress_cloud(sys.argv[1], progress=False)
print(len(cloud), zlib.crc32(cloud.points.numpy().tobytes()), zlib.crc32(cloud.normals.numpy().tobytes()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["grid", "octree"])
def test_another_process_with_other_threads_gets_the_same_points(codec, tmp_path):
    """From the file alone: the encoder's process shares nothing with it."""
    path = as_file(tmp_path, codec, normals=True)
    cloud = decompress_cloud(path)
    expected = [len(cloud), *(zlib.crc32(t.numpy().tobytes()) for t in (cloud.points, cloud.normals))]
    for threads in ("1", "2"):
        command = [sys.executable, "-c", CHILD, str(path), threads]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert [int(word) for word in done.stdout.split()] == expected


@pytest.mark.parametrize("name", ["grid", "octree"])
def test_files_written_once_are_read_for_ever(name):
    """A file of an earlier version gives the points that it gave then."""
    expected = json.loads((GOLDEN / "clouds.json").read_text(encoding="utf-8"))[name]
    cloud = decompress_cloud(GOLDEN / f"{name}.pclc")
    assert cloud.points.tolist() == expected["points"]
    assert cloud.normals.tolist() == expected["normals"]
    assert str(cloud_info(GOLDEN / f"{name}.pclc")) == expected["info"]


@pytest.mark.parametrize(("codec", "suffix"), [("grid", ".ply"), ("octree", ".npy"), ("octree", ".xyz")])
def test_a_path_is_read(codec, suffix, tmp_path):
    write_cloud(tmp_path / f"a{suffix}", Cloud(CHAIR.points))
    from_path = compress_cloud(tmp_path / f"a{suffix}", tmp_path / "a.pclc", codec=codec)
    assert from_path == compress_cloud(CHAIR, tmp_path / "b.pclc", codec=codec)
    assert (tmp_path / "a.pclc").read_bytes() == (tmp_path / "b.pclc").read_bytes()


POINTS = CHAIR.points
NAN = POINTS.clone()
NAN[3, 1] = torch.nan


@pytest.mark.parametrize(
    ("points", "options", "match"),
    [
        (POINTS[:0], {}, "points is empty"),
        (NAN, {}, "points must be finite, received nan"),
        (POINTS[:, :2], {}, "points must have D = 3"),
        (POINTS[None], {}, r"points must be one cloud \(N, 3\), received shape \(1, 600, 3\)"),
        (POINTS.numpy(), {}, "points must be a torch.Tensor"),
        (POINTS.half(), {}, "half precision"),
        (POINTS, {"codec": "zip"}, "codec must be one of 'grid', 'octree', 'draco', 'dpcc', received 'zip'"),
        (POINTS, {"bits": 0}, "bits must be an integer from 1 to 20"),
        (POINTS, {"bits": 21}, "bits must be an integer from 1 to 20"),
        (POINTS, {"step": 0.1}, "step must be None for codec 'octree'"),
        (POINTS, {"codec": "grid", "step": 0.0}, "step must be a positive, finite length"),
        (POINTS, {"codec": "grid", "step": 1e-7}, "step must be at least 1.9.*e-06.* cut the cloud into parts"),
        (POINTS, {"codec": "draco", "duplicates": "merge"}, "duplicates must be None or 'keep' for codec 'draco'"),
        (POINTS, {"duplicates": "drop"}, "duplicates must be one of"),
        (POINTS, {"normals": True}, "normals must be False for points without normals"),
        (CHAIR, {"normals": True, "codec": "draco"}, "normals must be False for codec 'draco'"),
        (Cloud(POINTS, normals=POINTS * 0), {"normals": True}, "600 zero or NaN"),
        (Cloud(POINTS, normals=NAN), {"normals": True}, "1 zero or NaN"),
        (Cloud(POINTS, normals=POINTS[:, :2]), {"normals": True}, r"normals must be \(N, 3\)"),
        (POINTS, {"model": "m.pclm"}, "model must be None for codec 'octree'"),
        (POINTS, {"limit": 599}, r"points must be at most 599 \(the limit\), received 600"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("as_users_call_it")
def test_clouds_and_options_that_are_refused(points, options, match, tmp_path):
    out = tmp_path / "c.pclc"
    with pytest.raises(ValueError, match=match):
        compress_cloud(points, out, **options)
    assert not out.exists()


def test_draco_missing_says_what_to_do(tmp_path, monkeypatch):
    path = as_file(tmp_path, "draco")
    monkeypatch.setitem(sys.modules, "DracoPy", None)
    for call in (lambda: compress_cloud(CHAIR, path, codec="draco"), lambda: decompress_cloud(path)):
        with pytest.raises(RuntimeError, match=r"needs the package DracoPy, .*; run pip install DracoPy"):
            call()


def refused(path: Path, match: str, **options: object) -> None:
    with pytest.raises(CodecError, match=match) as raised:
        decompress_cloud(path, progress=False, **options)
    assert str(raised.value).startswith(str(path))


@pytest.mark.parametrize("codec", CODECS)
def test_more_points_than_the_limit(codec, tmp_path):
    path = as_file(tmp_path, codec)
    count = cloud_info(path).points
    refused(path, f"{count} points, more than the limit of {count - 1}", limit=count - 1)
    assert len(decompress_cloud(path, limit=count)) == count
    refused(with_change(path, {"n": 10**12}), "1,000,000,000,000 points, more than the limit of 10,000,000")


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("change", [-1, 1, 9_000_000])
def test_another_number_of_points(codec, change, tmp_path):
    path = as_file(tmp_path, codec)
    count = cloud_info(path).points
    refused(with_change(path, {"n": count + change}), "damaged|comes? out otherwise|come out otherwise")


@pytest.mark.parametrize(
    ("header", "match"),
    [
        ({"codec": "zip"}, "its codec 'zip' is unknown to this version"),
        ({"codec": ["octree"]}, "is unknown to this version"),
        ({"n": 0}, "'n' of its header is 0"),
        ({"n": 2.0}, "'n' of its header is 2.0"),
        ({"n": True}, "'n' of its header is True"),
        ({"of": None}, "'of' of its header is None"),
        ({"dtype": "f2"}, "its points have the type 'f2'"),
        ({"dtype": {}}, "its points have the type {}"),
        ({"depth": 21}, "'depth' of its header is 21"),
        ({"depth": 9}, "damaged|come out otherwise"),
        ({"sum": 1}, "its points come out otherwise than they were written"),
        ({"codec": "grid"}, "damaged"),
    ],
)
def test_headers_that_say_what_cannot_be(header, match, tmp_path):
    refused(with_change(as_file(tmp_path, "octree"), header), match)


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"frame": None}, "does not say where its points lie"),
        ({"frame": np.zeros(3)}, "does not say where its points lie"),
        ({"frame": np.array([0.0, 0, 0, np.nan])}, "its points lie nowhere"),
        ({"frame": np.array([0.0, 0, 0, -1])}, "its points lie nowhere"),
        ({"frame": np.array([1e299, 0, 0, 1])}, "points that are not finite"),
        ({"stream": None}, "has no stream 'stream'"),
        ({"stream": np.zeros(4, np.uint8)}, "has no stream 'stream'"),
        ({"stream": b""}, "damaged|come out otherwise"),
        ({"stream": b"abc"}, "whole words of 4 bytes"),
        ({"stream": b"\xff" * 4000}, "damaged"),
        ({"normals": b"\xff" * 4000}, "damaged"),
        ({"normals": np.zeros(3)}, "has no stream 'normals'"),
    ],
)
@pytest.mark.parametrize("codec", ["grid", "octree"])
def test_arrays_that_cannot_be(codec, arrays, match, tmp_path):
    refused(with_change(as_file(tmp_path, codec), **arrays), match)


def test_draco_is_asked_for_no_more_than_the_header_says(tmp_path):
    """The bytes of Draco's own header may name any size: it is compared first, and the rest runs in bounds."""
    path = as_file(tmp_path, "draco")
    code = bytearray(read_container(path, "pclc")[1]["stream"])
    huge = bytes(code[:11]) + (2**31 - 1).to_bytes(4, "little") + bytes(code[15:])
    refused(with_change(path, stream=huge), "Draco's stream has 2,147,483,647 points and not 600")
    code[15:40] = b"\xff" * 25
    refused(with_change(path, stream=bytes(code)), "Draco cannot decode its stream")
    refused(with_change(path, stream=b"DRACO"), "not a cloud of Draco")


def test_a_file_of_another_kind(tmp_path):
    write_container(tmp_path / "a.pclm", "pclm", {}, {})
    refused(tmp_path / "a.pclm", r"holds a trained model \(pclm\), not a cloud \(pclc\)")
    write_container(tmp_path / "a.pclc", "pclc", {}, {})
    refused(tmp_path / "a.pclc", "'n' of its header is None")
