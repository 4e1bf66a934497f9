"""LiDAR's ``.las`` and ``.laz``, written by laspy and read back, and what a damaged header claims."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import laspy
import numpy as np
import pytest
import torch

from pcl_lib.data import ReadError, plain, read_cloud
from tests.data.readers.samples import POINTS, N, las, put

packed = pytest.mark.parametrize("packed", [False, True], ids=["las", "laz"])
COUNT_AT = {3: (107, "<I"), 7: (247, "<Q")}  # where LAS 1.2 and 1.4 store the number of points


def write(
    folder: Path, packed: bool, point_format: int = 3, points: np.ndarray = POINTS, **fields: np.ndarray
) -> Path:
    return put(folder / ("a.laz" if packed else "a.las"), las(packed, point_format, **fields)(points))


@packed
@pytest.mark.parametrize("point_format", [0, 1, 2, 3, 6, 7, 8])
def test_points_and_classes_of_every_format(packed: bool, point_format: int, tmp_path: Path) -> None:
    cloud = read_cloud(write(tmp_path, packed, point_format, classification=np.arange(N) % 7))
    np.testing.assert_allclose(cloud.points, POINTS, atol=1e-6)
    assert cloud.labels.tolist() == [i % 7 for i in range(N)]
    assert (cloud.colors, cloud.normals) == (None, None)
    assert cloud.points.dtype == torch.float32


@packed
@pytest.mark.parametrize("scale", [256, 257, 1], ids=["upper byte", "both bytes", "8 bits in 16"])
def test_colours(packed: bool, scale: int, tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (N, 3))
    rgb[0] = 255
    fields = dict(zip(("red", "green", "blue"), (rgb * scale).T.astype(np.uint16), strict=True))
    cloud = read_cloud(write(tmp_path, packed, 7, intensity=np.full(N, 9, np.uint16), **fields))
    assert cloud.colors.dtype == torch.uint8
    np.testing.assert_array_equal(cloud.colors, rgb)


@packed
@pytest.mark.parametrize("point_format", [1, 3])
def test_intensity_without_colours(packed: bool, point_format: int, tmp_path: Path) -> None:
    intensity = np.linspace(0, 65535, N).astype(np.uint16)
    cloud = read_cloud(write(tmp_path, packed, point_format, intensity=intensity))
    assert cloud.colors.dtype == torch.float32
    np.testing.assert_allclose(cloud.colors, np.stack([intensity / 65535] * 3, 1), atol=1e-7)


@packed
def test_more_points_than_a_chunk(packed: bool, tmp_path: Path) -> None:
    points = np.random.default_rng(0).random((120_001, 3)) * [1e3, 1e3, 50] + [4e5, 5e6, 0]
    cloud = read_cloud(write(tmp_path, packed, points=points))
    assert cloud.points.dtype == torch.float64
    np.testing.assert_allclose(cloud.points, points, atol=1e-6, rtol=0)
    drawn = read_cloud(tmp_path / ("a.laz" if packed else "a.las"), n_points=50, seed=1)
    assert drawn.points.shape == (50, 3)
    assert drawn.labels.shape == (50,)


@pytest.mark.parametrize("point_format", [3, 6, 7, 8])
@pytest.mark.parametrize("n", [1, 50_001])
def test_a_chunk_of_one_point(point_format: int, n: int, tmp_path: Path) -> None:
    points = np.random.default_rng(0).random((n, 3))
    cloud = read_cloud(write(tmp_path, True, point_format, points), dtype=torch.float64)
    np.testing.assert_allclose(cloud.points, points, atol=1e-6)


def test_folder_of_tiles(tmp_path: Path) -> None:
    write(tmp_path / "north", False)
    write(tmp_path / "south", True)
    clouds = plain(tmp_path, n_points=5, progress=False)
    assert [(c.name, c.category, len(c)) for c in clouds] == [
        ("north/a", "north", 5),
        ("south/a", "south", 5),
    ]


@packed
@pytest.mark.parametrize("point_format", [3, 7])
@pytest.mark.parametrize("claim", [N + 1, 10**8, 2**32 - 1])
def test_more_points_promised_than_there_are(
    packed: bool, point_format: int, claim: int, tmp_path: Path
) -> None:
    raw = bytearray(las(packed, point_format)(POINTS))
    at, kind = COUNT_AT[point_format]
    struct.pack_into(kind, raw, at, claim)
    path = put(tmp_path / "a.laz", bytes(raw))
    tracemalloc.start()
    try:
        with pytest.raises(ReadError, match=r"a\.laz: "):
            read_cloud(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2e7


def test_other_claims_of_the_header(tmp_path: Path) -> None:
    for at, kind, value in ((100, "<I", 2**32 - 1), (96, "<I", 2**31), (94, "<H", 60000), (105, "<H", 65535)):
        raw = bytearray(las(False)(POINTS))
        struct.pack_into(kind, raw, at, value)
        with pytest.raises(ReadError, match=r"a\.las: the header promises"):
            read_cloud(put(tmp_path / "a.las", bytes(raw)))
    raw = bytearray(las(False)(POINTS))
    struct.pack_into("<I", raw, 107, 0)
    with pytest.raises(ReadError, match="there are no points in it"):
        read_cloud(put(tmp_path / "a.las", bytes(raw)))
    with pytest.raises(
        ReadError, match=r"it has 240 bytes and starts with b'LASX'; expected a \.las or \.laz file"
    ):
        read_cloud(put(tmp_path / "a.las", b"LASX" * 60))


def test_sizes_inside_a_packed_file(tmp_path: Path) -> None:
    """What the unpacker would take gigabytes for, and without them end the process."""
    raw = bytearray(las(True, 7)(POINTS))
    (start,) = struct.unpack_from("<I", raw, 96)
    (table,) = struct.unpack_from("<q", raw, start)
    for at, value, message in (
        (start + 8 + 36 + 4, 2**32 - 1, r"layers of \d{10} bytes in a chunk of \d+"),
        (table + 4, 2**32 - 1, "a table of 4294967295 chunks"),
        (start, 2**31, "error: unpack_from requires a buffer"),
        (start, 0, "a table of 0 chunks at byte 0"),
    ):
        damaged = bytearray(raw)
        struct.pack_into("<I", damaged, at, value)
        with pytest.raises(ReadError, match=rf"a\.laz: .*{message}"):
            read_cloud(put(tmp_path / "a.laz", bytes(damaged)))


def test_a_panic_of_the_unpacker_is_a_read_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rust's panics arrive as an exception that is no Exception; an interrupt by the user stays one."""

    def fail(kind: type[BaseException]) -> None:
        def opened(*args: object, **options: object) -> None:
            raise kind("mid > len")

        monkeypatch.setattr(laspy, "open", opened)

    path = write(tmp_path, True)
    fail(type("PanicException", (BaseException,), {}))
    with pytest.raises(ReadError, match=r"a\.laz: mid > len; expected a \.las or \.laz file"):
        read_cloud(path)
    fail(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        read_cloud(path)
