"""The file format of all codecs: what goes in comes out, and nothing else is read."""

from __future__ import annotations

import json
import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from pcl_lib.codec import CodecError, kind_of, read_container, write_container
from pcl_lib.codec._container import LONGEST_HEADER

RNG = np.random.default_rng(0)
ARRAYS = {
    "points": RNG.standard_normal((5, 3)).astype(np.float32),
    "halves": RNG.standard_normal(7).astype(np.float16),
    "counts": RNG.integers(0, 1 << 62, (2, 1, 2), dtype=np.uint64),
    "steps": RNG.integers(-128, 128, 6, dtype=np.int8),
    "none": np.zeros((0, 3), dtype=np.int32),
    "stream": bytes(range(256)),
    "no stream": b"",
}
HEADER = {"points": 5, "unit": "cm", "scale": 0.1, "centre": [1e-300, -2.5, 3], "names": None}


def put(
    path: Path, table: object, content: bytes = b"", *, text: bytes | None = None, start: bytes | None = None
) -> Path:
    """A file with a right checksum and whatever else the caller says."""
    text = json.dumps({"h": {}, "t": table}).encode() if text is None else text
    start = b"\x89pclc\x01" + struct.pack("<I", len(text)) if start is None else start
    whole = start + text + content
    path.write_bytes(whole + struct.pack("<I", zlib.crc32(whole)))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_container(tmp_path / "a.pclc", "pclc", HEADER, ARRAYS)
    return tmp_path / "a.pclc"


def refuse(path: Path, match: str, kind: str = "pclc") -> None:
    with pytest.raises(CodecError, match=match) as raised:
        read_container(path, kind)
    assert str(path) in str(raised.value)


def test_what_goes_in_comes_out(path):
    header, arrays = read_container(path, "pclc")
    assert header == HEADER
    assert list(arrays) == list(ARRAYS)
    for name, value in ARRAYS.items():
        if isinstance(value, bytes):
            assert arrays[name] == value
        else:
            assert arrays[name].dtype == value.dtype
            np.testing.assert_array_equal(arrays[name], value)
    assert kind_of(path) == "pclc"


def test_the_size_is_what_the_docstring_says(path):
    content = sum(len(v) if isinstance(v, bytes) else v.nbytes for v in ARRAYS.values())
    length = struct.unpack("<I", path.read_bytes()[6:10])[0]
    size = write_container(path, "pclc", HEADER, ARRAYS)
    assert size == os.path.getsize(path) == 14 + length + content


def test_big_endian_and_strided_arrays(tmp_path):
    square = np.arange(16, dtype=">i4").reshape(4, 4)
    write_container(tmp_path / "a.pclm", "pclm", {}, {"turned": square.T, "part": square[::2, 1:3]})
    _, arrays = read_container(tmp_path / "a.pclm", "pclm")
    np.testing.assert_array_equal(arrays["turned"], square.T)
    np.testing.assert_array_equal(arrays["part"], square[::2, 1:3])


def test_the_same_content_gives_the_same_bytes(path, tmp_path):
    write_container(tmp_path / "b.pclc", "pclc", HEADER, ARRAYS)
    assert path.read_bytes() == (tmp_path / "b.pclc").read_bytes()


@pytest.mark.parametrize(
    ("header", "arrays", "match"),
    [
        ({"a": float("nan")}, {}, "header must hold what JSON can, numbers finite"),
        ({"a": {1, 2}}, {}, "header must hold what JSON can"),
        ({"a": "x" * LONGEST_HEADER}, {}, "must fit 65536 bytes, received 65"),
        ({}, {"a": [1, 2]}, r"arrays\['a'\] must be bytes or a numpy array of f2, .*, received list"),
        ({}, {"a": np.array([None])}, r"received O"),
        ({}, {"a": np.zeros(2, bool)}, r"received b1"),
        ({}, {"a": np.zeros(2, complex)}, r"received c16"),
        ({}, {"a": torch.zeros(3)}, "received Tensor; convert it"),
        ({}, {"a": np.array(1.0)}, r"1 to 8 axes, received shape \(\)"),
        ({}, {"": b""}, "names of 1 to 64 characters, received ''"),
        ({}, {"x" * 65: b""}, "names of 1 to 64 characters"),
    ],
)
def test_what_the_format_cannot_hold_is_refused_and_leaves_no_file(tmp_path, header, arrays, match):
    with pytest.raises(ValueError, match=match):
        write_container(tmp_path / "a.pclc", "pclc", header, arrays)
    assert not list(tmp_path.iterdir())


def test_a_kind_that_is_none(path):
    with pytest.raises(ValueError, match="kind must be one of 'pcld', 'pclc', 'pclm', received 'zip'"):
        write_container(path, "zip", {}, {})
    with pytest.raises(ValueError, match="kind must be one of"):
        read_container(path, "zip")


def test_another_kind_is_named(path):
    refuse(path, r"holds a cloud \(pclc\), not a data set of clouds \(pcld\)", kind="pcld")


@pytest.mark.parametrize(
    "content", [b"a note", b"\x80\x04\x95 a pickle", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"\x89"]
)
def test_a_foreign_file(tmp_path, content):
    (tmp_path / "a.pclc").write_bytes(content)
    refuse(tmp_path / "a.pclc", "not a compressed file of pcl_lib: it does not begin like one")


def test_what_is_no_file(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    refuse(tmp_path / "empty", "it is empty")
    refuse(tmp_path, "not a file")
    with pytest.raises(FileNotFoundError):
        read_container(tmp_path / "absent", "pclc")


def test_another_version(tmp_path):
    newer = put(tmp_path / "a.pclc", [], start=b"\x89pclc\x02\x0f\x00\x00\x00")
    refuse(newer, r"written by a newer pcl_lib \(format 2; this one reads up to 1\)")
    none = put(tmp_path / "a.pclc", [], start=b"\x89pclc\x00\x0f\x00\x00\x00")
    refuse(none, "there is no format 0")


def test_cut_short_anywhere(path, tmp_path):
    whole = path.read_bytes()
    for length in range(5, len(whole)):
        path.write_bytes(whole[:length])
        refuse(path, "cut short|damaged")
    path.write_bytes(whole[:-40])
    refuse(path, r"cut short or damaged: [\d,]+ bytes of content are announced, [\d,]+ are there")


def test_bytes_at_the_end(path):
    path.write_bytes(path.read_bytes() + b"\x00")
    refuse(path, "damaged: 1 bytes follow where the file should end")


def test_a_flipped_bit_in_any_byte_is_noticed(path):
    whole = path.read_bytes()
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 1 << at * 5 % 8
        path.write_bytes(changed)
        refuse(path, "damaged|cut short|newer|not a compressed file|holds ")


@pytest.mark.parametrize(
    "row",
    [
        ["a", "f4", [1 << 62, 1 << 62]],
        ["a", "f4", [0, 1 << 62, 1 << 62]],
        ["a", "f4", [-1, -1]],
        ["a", "f4", [1.0]],
        ["a", "f4", [True]],
        ["a", "f4", []],
        ["a", "f4", [1] * 9],
        ["a", "f4", "11"],
        ["a", "O", [1]],
        ["a", "|V4", [1]],
        ["a", 4, [1]],
        ["", "f4", [1]],
        ["x" * 65, "f4", [1]],
        ["a", "raw", [2, 2]],
        ["a", "f4"],
        ["a", "f4", [1], 4],
        {"a": 1},
        None,
    ],
    ids=str,
)
def test_a_table_that_cannot_be(tmp_path, row):
    refuse(put(tmp_path / "a.pclc", [row], b"four"), "table of arrays has an entry that cannot be")


@pytest.mark.parametrize(
    "text",
    [
        b"not json",
        b"\xff\xfe",
        b'{"h":{},"t":[]} ,',
        b'{"h":{"a":NaN},"t":[]}',
        b'{"h":{"a":1e999},"t":[]}',
        b'{"h":{"a":' + b"9" * 5000 + b'},"t":[]}',
        b"[" * 60_000,
        b'{"h":{},"t":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"h":{}}',
        b'{"h":[],"t":[]}',
        b'{"h":{},"t":{}}',
        b"[]",
    ],
    ids=lambda text: text[:20].decode("latin-1"),
)
def test_a_header_that_cannot_be(tmp_path, text):
    refuse(put(tmp_path / "a.pclc", [], text=text), "damaged: ")


def test_two_arrays_of_one_name(tmp_path):
    refuse(
        put(tmp_path / "a.pclc", [["a", "u1", [1]], ["a", "u1", [1]]], b"ab"), "two of its arrays have one"
    )


@pytest.mark.parametrize("shape", [[1 << 40], [1 << 20, 1 << 20], [1 << 8] * 5], ids=str)
def test_a_small_file_that_claims_much_takes_no_memory(tmp_path, shape):
    """Before an array is made, its size is compared with that of the file."""
    bomb = put(tmp_path / "a.pclc", [["a", "u1", shape]], b"x" * 100)
    long = put(tmp_path / "b.pclc", [], start=b"\x89pclc\x01\xff\xff\xff\xff")
    tracemalloc.start()
    try:
        refuse(bomb, r"1,099,511,627,776 bytes of content are announced, 100 are there")
        refuse(long, r"a header of 4,294,967,295 bytes is announced, 65,536 are allowed")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("content", [np.zeros(1 << 21, np.float32), bytes(1 << 23)], ids=["array", "stream"])
def test_a_file_costs_its_own_size(tmp_path, content):
    size = 8 << 20
    write_container(tmp_path / "a.pclm", "pclm", {}, {"weights": content})
    tracemalloc.start()
    try:
        read_container(tmp_path / "a.pclm", "pclm")
        assert tracemalloc.get_traced_memory()[1] < size + (4 << 20)
    finally:
        tracemalloc.stop()
