"""The learned codec: all points go somewhere, the same points come out everywhere, and a wrong model is named."""

from __future__ import annotations

import os
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
    read_model,
    write_container,
    write_model,
)
from pcl_lib.codec._patches import cut, decode_cubes, encode_cubes
from pcl_lib.data import synthetic
from tests.codec.dpcc_files import SIZES, model, network

ROOT = Path(__file__).resolve().parents[2]
FAR = torch.tensor([[3.0, 3.0, 3.0]]) + 0.01 * torch.arange(50)[:, None]  # too few for the network
CHAIR = torch.cat([synthetic.sample("chair", 3950, seed=0).points, FAR])
OPTIONS = {"codec": "dpcc", "patch": 1000, "progress": False}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("chair") / "c.pclc"
    compress_cloud(CHAIR, path, model=model(), **OPTIONS)
    return path.read_bytes()


@pytest.fixture
def path(written: bytes, tmp_path: Path) -> Path:
    """A file of one's own, to be damaged."""
    (tmp_path / "c.pclc").write_bytes(written)
    return tmp_path / "c.pclc"


def test_no_point_is_dropped_and_cubes_keep_to_their_sizes():
    points = CHAIR.double().numpy()
    cubes, rows, rest = cut(points, smallest=100, largest=1000)
    assert sorted(np.concatenate([*rows, rest]).tolist()) == list(range(4000))
    assert all(100 <= len(part) <= 1000 for part in rows)
    assert len(rest) > 0
    for part, centre, half in zip(rows, cubes.centres(), cubes.halves(), strict=True):
        assert np.abs((points[part] - centre) / half).max() <= 1 + 1e-12
    assert len(set(zip(cubes.levels.tolist(), cubes.codes.tolist(), strict=True))) == len(rows)


@pytest.mark.parametrize("count", [1, 99, 2000])
def test_equal_points_are_no_patch(count):
    cubes, rows, rest = cut(np.full((count, 3), 0.1), smallest=100, largest=1000)
    assert len(cubes.levels) == len(rows) == 0
    assert len(rest) == count


def test_many_points_in_one_place_among_others_are_no_patch():
    points = np.concatenate([np.full((1500, 3), 0.3), np.random.default_rng(0).random((500, 3))])
    _, rows, rest = cut(points, smallest=100, largest=1000)
    assert sorted(np.concatenate([*rows, rest]).tolist()) == list(range(2000))
    assert set(range(1500)) <= set(rest.tolist())


def test_the_table_of_cubes_comes_back():
    cubes, rows, _ = cut(CHAIR.double().numpy(), smallest=20, largest=100)
    numbers = np.array([len(part) for part in rows])
    stream = encode_cubes(cubes, numbers)
    found, back = decode_cubes(stream, cubes.origin, cubes.side, len(rows), 512)
    assert len(set(cubes.levels.tolist())) > 1
    assert (found.levels == cubes.levels).all()
    assert (found.codes == cubes.codes).all()
    assert (back == numbers).all()
    with pytest.raises(CodecError, match="latent points, more than 50"):
        decode_cubes(stream, cubes.origin, cubes.side, len(rows), 50)


def test_a_cloud_comes_back_near_where_it_was(path):
    """An untrained network says nothing about quality; points of small cubes and the frame of the others are exact."""
    info = cloud_info(path)
    back = decompress_cloud(path, model=model(), progress=False)
    assert len(back) == info.points
    assert info.points_given == 4000
    assert info.bytes == os.path.getsize(path)
    small = info.details["small"]
    assert 0 < small < 1000
    last = back.points[-small:]
    assert float(torch.cdist(last, CHAIR).amin(1).max()) <= 5 / 1024
    assert back.points.dtype == torch.float32


def test_what_comes_back_is_what_was_written_in_units_and_dtype(tmp_path):
    """Far from the origin and in kilometres the integers of the streams are the same, and so is the cloud."""
    at = torch.tensor([4.5e6, 5.4e5, 100.0])
    files = []
    for name, points in (("a", CHAIR.double()), ("b", CHAIR.double() * 1024 + at)):
        compress_cloud(points, tmp_path / name, model=model(), **OPTIONS)
        files.append(decompress_cloud(tmp_path / name, model=model(), progress=False).points)
    assert files[1].dtype == torch.float64
    torch.testing.assert_close((files[1] - at) / 1024, files[0], rtol=0, atol=1e-4)


CHILD = """
import sys, torch, zlib
torch.set_num_threads(int(sys.argv[3]))
torch.set_default_dtype(torch.float64)
from pcl_lib.codec import decompress_cloud
points = decompress_cloud(sys.argv[1], model=sys.argv[2], progress=False).points
print(len(points), zlib.crc32(points.numpy().tobytes()))
"""


@pytest.mark.slow
def test_another_process_with_other_threads_gets_the_same_points(path, tmp_path):
    """From the two files alone, and whatever the default dtype of the process is."""
    write_model(tmp_path / "m.pclm", network(), sizes=SIZES, provenance={})
    points = decompress_cloud(path, model=model(), progress=False).points
    for threads in ("1", "2"):
        command = [sys.executable, "-c", CHILD, str(path), str(tmp_path / "m.pclm"), threads]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert [int(w) for w in done.stdout.split()] == [len(points), zlib.crc32(points.numpy().tobytes())]


def refused(path: Path, match: str, **options: object) -> None:
    with pytest.raises(CodecError, match=match) as raised:
        decompress_cloud(path, **{"model": model(), "progress": False, **options})
    assert str(raised.value).startswith(str(path))


def test_a_wrong_model_is_named(path):
    assert model(1).checksum != model().checksum
    refused(
        path,
        f"was written with the model '{model().checksum}', and this is '{model(1).checksum}'",
        model=model(1),
    )


def test_a_patch_that_comes_out_otherwise_is_named(path):
    header, arrays = read_container(path, "pclc")
    sums = arrays["sums"].copy()
    sums[2] ^= 1
    write_container(path, "pclc", header, {**arrays, "sums": sums})
    refused(path, rf"patch 2 of {len(sums)} \(centre .*\) comes out otherwise than it was written")


@pytest.mark.parametrize(
    ("header", "arrays", "match"),
    [
        ({"n": 9_000_000}, {}, "its patches have .* points, and its header says 9,000,000"),
        ({"n": 900}, {}, "damaged"),
        ({"patches": 9_000_000, "n": 9_500_000}, {}, "damaged"),
        ({"patches": 1}, {}, "damaged"),
        ({"small": 0}, {}, "damaged"),
        ({"patches": "4"}, {}, "'patches' of its header is '4'"),
        ({"model": None}, {}, "does not name its model"),
        ({"model": "x" * 300}, {}, "was written with the model 'x"),
        ({}, {"table": b"\xff" * 400}, "damaged"),
        ({}, {"features": b""}, "too short"),
        ({}, {"places": b"\xff" * 40}, "too short|damaged|comes out otherwise"),
        ({}, {"sums": None}, "no checksums of its patches"),
        ({}, {"cube": np.zeros(3)}, "does not say where its points lie"),
    ],
)
def test_files_that_say_what_cannot_be(path, header, arrays, match):
    old, streams = read_container(path, "pclc")
    changed = {name: value for name, value in {**streams, **arrays}.items() if value is not None}
    write_container(path, "pclc", {**old, **header}, changed)
    refused(path, match)


@pytest.mark.parametrize("count", [1, 50, 2000])
def test_clouds_that_are_too_small_or_in_one_place(count, tmp_path):
    points = torch.full((count, 3), 0.1, dtype=torch.float64) if count != 50 else CHAIR[:50]
    info = compress_cloud(points, tmp_path / "c.pclc", model=model(), **OPTIONS)
    assert info.details["patches"] == 0
    back = decompress_cloud(tmp_path / "c.pclc", model=model(), progress=False).points
    assert len(back) == count
    assert float(torch.cdist(back, points).amin(1).max()) <= (2 / 1024 if count == 50 else 0)


def test_normals_and_patches_that_are_refused(tmp_path):
    cloud = synthetic.sample("chair", 500, seed=0)
    with pytest.raises(ValueError, match="normals must be False for codec 'dpcc'"):
        compress_cloud(cloud, tmp_path / "c", normals=True, model=model(), **OPTIONS)
    with pytest.raises(ValueError, match="patch must be an integer from 800 to 12288, received 799"):
        compress_cloud(cloud, tmp_path / "c", model=model(), **{**OPTIONS, "patch": 799})


def test_a_model_file_holds_the_network(tmp_path):
    made = network()
    size = write_model(tmp_path / "m.pclm", made, sizes=SIZES, provenance={"seed": 0, "data": "none"})
    back = read_model(tmp_path / "m.pclm")
    assert size == os.path.getsize(tmp_path / "m.pclm")
    assert back.provenance == {"seed": 0, "data": "none"}
    points = CHAIR[:300]
    with torch.no_grad():
        expected, found = made.eval()(points).stages[-1], back.network(points.double()).stages[-1]
    torch.testing.assert_close(found.float(), expected, rtol=1e-3, atol=1e-4)


def test_a_model_without_tables_or_of_other_sizes_is_refused(tmp_path):
    made = network()
    with pytest.raises(ValueError, match="sizes must be those of the network"):
        write_model(tmp_path / "m.pclm", made, sizes={**SIZES, "hidden": 16}, provenance={})
    fresh = type(made)(**SIZES)
    with pytest.raises(RuntimeError, match="call update"):
        write_model(tmp_path / "m.pclm", fresh, sizes=SIZES, provenance={})


def test_reading_a_model_draws_nothing(tmp_path):
    write_model(tmp_path / "m.pclm", network(), sizes=SIZES, provenance={})
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    read_model(tmp_path / "m.pclm")
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize(
    ("header", "arrays", "match"),
    [
        ({"sizes": None}, {}, "its sizes are not those of a D-PCC"),
        ({"sizes": {**SIZES, "path": "x"}}, {}, "its sizes are not those of a D-PCC"),
        ({"sizes": {**SIZES, "hidden": 10**6}}, {}, "hidden of its network is not an integer from 1 to 512"),
        ({"sizes": {**SIZES, "width": 6}}, {}, "width must be a multiple of candidates"),
        ({"sizes": {**SIZES, "rates": [0.5] * 50}}, {}, "the rates of its network are not a few numbers"),
        ({"sizes": {**SIZES, "hidden": 9}}, {}, "which are not those of its network"),
        ({}, {"weights": None}, "it has no weights"),
        ({}, {"weights": np.full(10, np.nan, np.float32)}, "its weights are not finite"),
        ({}, {"features counts": np.zeros(3, np.int32)}, "tables"),
        ({}, {"places lowest": None, "coordinates lowest": None}, "tables must be given"),
    ],
)
def test_models_that_cannot_be(header, arrays, match, tmp_path):
    path = tmp_path / "m.pclm"
    write_model(path, network(), sizes=SIZES, provenance={})
    old, streams = read_container(path, "pclm")
    changed = {name: value for name, value in {**streams, **arrays}.items() if value is not None}
    write_container(path, "pclm", {**old, **header}, changed)
    with pytest.raises(CodecError, match=match) as raised:
        read_model(path)
    assert str(raised.value).startswith(str(path))
