"""Single-file loaders on whole, damaged and arbitrary bytes: a valid finite result or a ReadError."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._errors import ReadError
from pcl_lib.data.readers._hdf5 import load_hdf5
from pcl_lib.data.readers._mesh import Mesh
from pcl_lib.data.readers._numpy_files import read_npy, read_npz
from pcl_lib.data.readers._ply import read_ply, read_ply_mesh
from tests.data.readers.samples import POINTS, SAMPLES, TETRAHEDRON, TRIANGLES, N, hdf5, values_for

each = pytest.mark.parametrize("name", SAMPLES)


def size_of(result: Any) -> int:
    """Check that a result is what its loader promises, and count its points."""
    if isinstance(result, list):
        return sum(map(size_of, result))
    if isinstance(result, dict):
        return sum(map(size_of, result.values()))
    if isinstance(result, Mesh):
        assert np.isfinite(result.vertices.astype(np.float32)).all()
        assert result.faces.size == 0 or 0 <= result.faces.min() <= result.faces.max() < len(result.vertices)
        return len(result.vertices)
    if isinstance(result, Cloud):
        assert result.points.dtype in (torch.float32, torch.float64)
        assert result.points.isfinite().all()
        assert result.normals is None or result.normals.isfinite().all()
        return len(result)
    assert isinstance(result, np.ndarray)  # raw tables, whose finiteness the benchmark's reader checks
    return len(result)


def load(name: str, raw: bytes, folder: Path) -> Any:
    path = folder / f"file{SAMPLES[name].suffix}"
    path.write_bytes(raw)
    return SAMPLES[name].load(path)


def size_or_error(name: str, raw: bytes, folder: Path) -> int | None:
    try:
        return size_of(load(name, raw, folder))
    except ReadError as caught:
        error = caught
    assert "file" + SAMPLES[name].suffix in str(error)
    assert "; expected " in str(error)
    return None


@each
def test_whole_file_loads(name: str, tmp_path: Path) -> None:
    values = values_for(name)
    result = load(name, SAMPLES[name].make(values), tmp_path)
    result = result[0] if isinstance(result, list) else result
    if isinstance(result, Cloud):
        np.testing.assert_allclose(result.points, values, atol=1e-6)
    elif isinstance(result, Mesh):
        np.testing.assert_allclose(result.vertices[result.faces], values[TRIANGLES], atol=1e-6)
        if SAMPLES[name].suffix != ".stl":  # which has no order of vertices
            np.testing.assert_array_equal(result.faces, TRIANGLES)
            np.testing.assert_allclose(result.vertices, values, atol=1e-6)
    elif isinstance(result, dict):
        np.testing.assert_array_equal(result["data"][1], values)
    elif SAMPLES[name].load is SAMPLES["table"].load:
        np.testing.assert_allclose(result[:, 3:6], values, atol=1e-6)
    else:
        np.testing.assert_array_equal(result.ravel(), (np.abs(values) * 50).astype(np.uint8).ravel())


@each
def test_cut_anywhere(name: str, tmp_path: Path) -> None:
    """A cut file is an error; where the format cannot tell, it is at most a prefix of the points."""
    raw = SAMPLES[name].make(values_for(name))
    whole = size_of(load(name, raw, tmp_path))
    cuts = sorted(
        {int(c) for c in np.linspace(0, len(raw) - 1, 60)} | set(range(len(raw) - 12, len(raw) - 1))
    )
    noticed = 0
    for cut in cuts:
        size = size_or_error(name, raw[:cut], tmp_path)
        noticed += size is None
        assert size is None or (not SAMPLES[name].whole_or_error and size <= whole), (
            f"cut at {cut} of {len(raw)}"
        )
    assert noticed > 0


@pytest.mark.slow
@each
def test_flipped_bytes(name: str, tmp_path: Path) -> None:
    raw = SAMPLES[name].make(values_for(name))
    for position in np.unique(np.linspace(0, len(raw) - 1, 80).astype(int)):
        for mask in (0xFF, 0x01, 0x80):
            damaged = bytearray(raw)
            damaged[position] ^= mask
            size_or_error(name, bytes(damaged), tmp_path)


@pytest.mark.parametrize("name", ["npz", "npz-packed", "idx-gz"])
def test_checksums_notice_a_flipped_data_byte(name: str, tmp_path: Path) -> None:
    damaged = bytearray(SAMPLES[name].make(values_for(name)))
    damaged[len(damaged) // 3] ^= 0x10
    with pytest.raises(ReadError):
        load(name, bytes(damaged), tmp_path)


@pytest.mark.parametrize(
    "name", [name for name, sample in SAMPLES.items() if sample.floats and name != "table"]
)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity(name: str, bad: float, tmp_path: Path) -> None:
    values = values_for(name)
    values[2, 1] = bad
    with pytest.raises(ReadError, match=r"file.*(NaN or infinite|reflectance).*2"):
        load(name, SAMPLES[name].make(values), tmp_path)


@each
def test_empty_and_missing(name: str, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="the file is empty; expected"):
        load(name, b"", tmp_path)
    with pytest.raises(ReadError, match=r"nowhere.*cannot be opened"):
        SAMPLES[name].load(tmp_path / "nowhere")
    with pytest.raises(ReadError, match="cannot be opened"):
        SAMPLES[name].load(tmp_path)


@pytest.mark.parametrize("name", ["xyz", "npy", "npz", "velodyne", "table"])
def test_wrong_number_of_columns(name: str, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"file.*expected"):
        load(name, SAMPLES[name].make(POINTS[:, :1].repeat(5, axis=1)), tmp_path)


def test_row_cut_short(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="number of columns changed"):
        load("xyz", b"0 0 0\n1 1\n", tmp_path)


HUGE = {
    "npy": b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 3), }"
    + b" " * 36 + b"\n",
    "pcd-ascii": b"VERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 1000000000\nHEIGHT 1\n"
    b"POINTS 1000000000\nDATA ascii\n0 0 0\n",
    "pcd-compressed": b"VERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 300000000\nHEIGHT 1\n"
    b"POINTS 300000000\nDATA binary_compressed\n" + struct.pack("<II", 4, 3_600_000_000) + b"abcd",
    "ply-ascii": b"ply\nformat ascii 1.0\nelement vertex 4000000000\nproperty float x\nproperty float y\n"
    b"property float z\nend_header\n0 0 0\n",
    "ply-mesh": b"ply\nformat binary_little_endian 1.0\nelement vertex 1\nproperty float x\nproperty float y\n"
    b"property float z\nelement face 1\nproperty list uint int vertex_indices\nend_header\n"
    + bytes(12) + struct.pack("<I", 2**32 - 1) + bytes(12),
    "off": b"OFF\n1000000000 1000000000 0\n0 0 0\n",
    "idx": bytes([0, 0, 8, 3]) + struct.pack(">III", 60000, 60000, 60000) + bytes(16),
    "idx-gz": gzip.compress(bytes([0, 0, 8, 3]) + struct.pack(">III", 60000, 60000, 60000) + bytes(16)),
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_huge_claims_cost_no_memory(name: str, tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ReadError):
            load(name, HUGE[name], tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5e6


def test_huge_claims_in_hdf5(tmp_path: Path) -> None:
    """A chunked table of which nothing was written: 4 TB on paper, filled with zeros when read."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("data", shape=(10**9, 1000), dtype="f4", chunks=(1000, 1000))
    with pytest.raises(ReadError, match="claims 4000000000000 bytes"):
        load_hdf5(tmp_path / "a.h5", ["data"])


def test_hdf5_does_not_follow_links_to_other_files(tmp_path: Path) -> None:
    (tmp_path / "other.h5").write_bytes(hdf5()(POINTS))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = h5py.ExternalLink("other.h5", "/data")
    with pytest.raises(ReadError, match="data is a link"):
        load_hdf5(tmp_path / "a.h5", ["data"])


def test_no_pickles(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"x": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ReadError, match="object"):
        read_npy(tmp_path / "a.npy")


MAGIC = {
    ".npy": b"\x93NUMPY\x01\x00", ".npz": b"PK\x03\x04", ".ply": b"ply\nformat ascii 1.0\n", ".off": b"OFF",
    ".obj": b"v 0 0 0\nf ", ".pcd": b"VERSION 0.7\nFIELDS x y z\n", ".h5": b"\x89HDF\r\n\x1a\n",
    ".idx3-ubyte": b"\x00\x00\x08\x03", ".idx3-ubyte.gz": b"\x1f\x8b\x08\x00",
}  # fmt: skip


@pytest.mark.slow
@each
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_arbitrary_bytes(name: str, data: st.DataObject, tmp_path: Path) -> None:
    """Random bytes, random bytes after the right first bytes, and a whole file with a random piece exchanged."""
    kind = data.draw(st.sampled_from(["bytes", "magic", "splice", "words"]))
    if kind == "splice":
        whole = SAMPLES[name].make(values_for(name))
        start = data.draw(st.integers(0, len(whole)))
        length = data.draw(st.integers(0, 12))
        raw = whole[:start] + data.draw(st.binary(max_size=12)) + whole[start + length :]
    elif kind == "words":
        token = st.sampled_from(
            ["0", "-1", "1e400", "3", "nan", "1e39", "v", "f", "OFF", "1/2", "#", ",", "\n", "x", "1_0"]
        )
        raw = " ".join(data.draw(st.lists(token, max_size=40))).encode()
    else:
        raw = (MAGIC.get(SAMPLES[name].suffix, b"") if kind == "magic" else b"") + data.draw(
            st.binary(max_size=300)
        )
    size_or_error(name, raw, tmp_path)


def test_text_where_numbers_belong(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", points=POINTS, normals=POINTS.astype(str))
    with pytest.raises(ReadError, match="the normals have type <U"):
        read_npz(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", points=POINTS, labels=np.full(N, 2.5))
    with pytest.raises(ReadError, match=r"label 2.5 in row 0"):
        read_npz(tmp_path / "a.npz")


def test_lists_as_coordinates(tmp_path: Path) -> None:
    header = b"ply\nformat ascii 1.0\nelement vertex 1\nproperty list uchar float x\nproperty float y\n"
    header += b"property float z\n"
    path = tmp_path / "a.ply"
    path.write_bytes(header + b"end_header\n2 1 2 3 4\n")
    with pytest.raises(ReadError, match="the points have type object"):
        read_ply(path)
    path.write_bytes(
        header + b"element face 0\nproperty list uchar int vertex_index\nend_header\n2 1 2 3 4\n"
    )
    with pytest.raises(ReadError, match="numbers as coordinates"):
        read_ply_mesh(path)


def test_signalling_nan(tmp_path: Path) -> None:
    """Converting one to double precision raises a floating-point flag; the error must still be ours."""
    damaged = bytearray(SAMPLES["ply-mesh"].make(TETRAHEDRON))
    start = damaged.index(b"end_header\n") + len(b"end_header\n")
    damaged[start : start + 4] = bytes([1, 0, 0x80, 0x7F])
    with pytest.raises(ReadError, match="NaN or infinite, the first is vertex 0"):
        load("ply-mesh", bytes(damaged), tmp_path)
