"""Names and comments beyond ASCII, byte order marks, and the forms of headers that programs in the field write."""

from __future__ import annotations

import struct
from pathlib import Path

import lzf
import numpy as np
import pytest

from pcl_lib.data import ReadError, read_cloud, read_mesh
from tests.data.readers.samples import put

CORNERS = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
BOM = b"\xef\xbb\xbf"
PLY = """ply
format {kind} 1.0
comment made by Würfel GmbH
obj_info größe
element vertex 3
property float x
property float y
property float z
element face 1
property list uchar int vertex_indices
end_header
"""
PCD = "# Würfel\nVERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 3\nHEIGHT 1\nPOINTS 3\nDATA {}\n"
ROWS = "0 0 0\n1 0 0\n0 1 0\n"
FACE = struct.pack("<Biii", 3, 0, 1, 2)
BINARY = np.array(CORNERS, "<f4").tobytes()
FILES: dict[str, tuple[str, bytes]] = {
    "a.obj": ("o Würfel\n# größe\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl Öl\nf 1 2 3\n", b""),
    "a.off": (f"OFF # Würfel\n3 1 0\n{ROWS}3 0 1 2\n", b""),
    "a.stl": ("solid Würfel\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\n"
              "endloop\nendfacet\nendsolid Würfel\n", b""),
    "a.xyz": (f"# Würfel …\n{ROWS}", b""),
    "a.txt": (f"# Würfel\n{ROWS}", b""),
    "a.pts": (f"3\n{ROWS}# Würfel", b""),
    "a.csv": (f"x,y,z,größe\n{ROWS.replace(' ', ',')}".replace("\n0,0,0\n", "\n0,0,0,1\n")
              .replace("\n1,0,0\n", "\n1,0,0,1\n").replace("\n0,1,0\n", "\n0,1,0,1\n"), b""),
    "ascii/a.ply": (f"{PLY.format(kind='ascii')}{ROWS}3 0 1 2\n", b""),
    "binary/a.ply": (PLY.format(kind="binary_little_endian"), BINARY + FACE),
    "ascii/a.pcd": (PCD.format("ascii") + ROWS, b""),
    "binary/a.pcd": (PCD.format("binary"), BINARY),
}  # fmt: skip
each = pytest.mark.parametrize("name", FILES)


@each
@pytest.mark.parametrize("mark", [b"", BOM], ids=["plain", "bom"])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252"])
def test_characters_beyond_ascii(name: str, encoding: str, mark: bytes, tmp_path: Path) -> None:
    text, binary = FILES[name]
    path = put(tmp_path / name, mark + text.encode(encoding, "replace") + binary)
    assert read_cloud(path).points.tolist() == CORNERS
    if Path(name).suffix in (".obj", ".off", ".stl", ".ply"):
        assert read_mesh(path).faces.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("name", "ending"),
    # The headers of .ply and .pcd always end their lines in a line feed.
    [(n, "\r\n") for n in FILES] + [(n, "\r") for n in FILES if not n.endswith((".ply", ".pcd"))],
)
def test_line_endings(name: str, ending: str, tmp_path: Path) -> None:
    text, binary = FILES[name]
    path = put(tmp_path / name, text.replace("\n", ending).encode() + binary)
    assert read_cloud(path).points.tolist() == CORNERS


def test_a_line_ends_at_line_breaks_only(tmp_path: Path) -> None:
    """0x85 is a line break in Unicode and an ellipsis in the code page of Windows."""
    assert len(read_cloud(put(tmp_path / "a.xyz", b"# and so on\x85 until 7\n0 0 0\n"))) == 1


def test_obj_lines_that_go_on(tmp_path: Path) -> None:
    text = "v 0 0 \\\n0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n# no \\\nf 1 2 \\\r\n 3 \\\n4\n"
    mesh = read_mesh(put(tmp_path / "a.obj", text))
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert read_mesh(put(tmp_path / "a.obj", "v 0 0 0\\")).vertices.tolist() == [[0, 0, 0]]


def test_lines_and_points_among_the_faces(tmp_path: Path) -> None:
    files = {
        "a.obj": "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2\nf 3\nf 1 2 3\nl 1 2\np 1\n",
        "a.off": f"OFF\n3 3 0\n{ROWS}2 0 1\n1 2\n3 0 1 2\n",
        "a.ply": PLY.format(kind="ascii").replace("face 1", "face 3") + f"{ROWS}2 0 1\n1 2\n3 0 1 2\n",
    }
    for name, text in files.items():
        mesh = read_mesh(put(tmp_path / name, text))
        assert mesh.faces.tolist() == [[0, 1, 2]], name
        assert mesh.vertices.tolist() == CORNERS


PADDED = (
    "VERSION 0.7\nFIELDS x y z _ t _\nSIZE 4 4 4 1 4 1\nTYPE F F F U F U\nCOUNT 1 1 1 4 1 {}\nWIDTH 40\nHEIGHT 1\n"
    "VIEWPOINT 0 0 0 1 0 0 0\nPOINTS 40\nDATA {}\n"
)
TWO = np.array([(1, 2, 3, b"abcd", 9), (4, 5, 6, b"abcd", 9)],
               [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("_", "S4"), ("t", "<f4")])  # fmt: skip


@pytest.mark.parametrize("encoding", ["ascii", "binary", "binary_compressed"])
@pytest.mark.parametrize("count", [0, 2])
def test_pcd_padding(encoding: str, count: int, tmp_path: Path) -> None:
    pad, rows = bytes(count), np.tile(TWO, 20)
    if encoding == "ascii":
        body = "".join(f"{i} {i + 1} {i + 2}  0 0 0 0\t9{' 0' * count}\n" for i in (1, 4) * 20).encode()
    elif encoding == "binary":
        body = b"".join(row.tobytes() + pad for row in rows)
    else:
        columns = b"".join(np.ascontiguousarray(rows[name]).tobytes() for name in TWO.dtype.names) + pad * 40
        packed = lzf.compress(columns)
        body = struct.pack("<II", len(packed), len(columns)) + packed
    path = put(tmp_path / "a.pcd", PADDED.format(count, encoding).encode() + body)
    assert read_cloud(path).points.tolist() == [[1, 2, 3], [4, 5, 6]] * 20


@pytest.mark.parametrize("left_out", ["COUNT 1 1 1\n", "HEIGHT 1\n", "POINTS 3\n", "VERSION 0.7\n"])
def test_pcd_without_a_line(left_out: str, tmp_path: Path) -> None:
    header = PCD.format("binary").replace(left_out, "")
    assert read_cloud(put(tmp_path / "a.pcd", header.encode() + BINARY)).points.tolist() == CORNERS


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("FIELDS x y z\n", "", "the header has no FIELDS"),
        ("WIDTH 3\n", "", "the header has no WIDTH"),
        ("COUNT 1 1 1", "COUNT 1 1", "FIELDS, SIZE, TYPE and COUNT have 3, 3, 3 and 2 entries"),
        ("COUNT 1 1 1", "COUNT 1 1 -1", "COUNT is '-1'; expected a whole number, at least 0"),
        ("COUNT 1 1 1", "COUNT 1 1 0", r"it has the columns \['x', 'y'\]|its points have no z"),
        ("TYPE F F F", "TYPE F F Q", "a field of type and size Q4; expected F4"),
        ("SIZE 4 4 4", "SIZE 4 4 5", "a field of type and size F5"),
        ("WIDTH 3", "WIDTH three", "WIDTH is 'three'; expected a whole number"),
        ("WIDTH 3", "WIDTH 4", "POINTS 3 but WIDTH x HEIGHT 4 x 1"),
        ("FIELDS x y z", "FIELDS a b c", r"it has the columns \['a', 'b', 'c'\]; expected x, y and z"),
        ("DATA binary", "DATA zip", "DATA is 'zip'; expected one of ascii, binary, binary_compressed"),
    ],
)
def test_pcd_headers_that_make_no_sense(old: str, new: str, message: str, tmp_path: Path) -> None:
    header = PCD.format("binary").replace(old, new)
    with pytest.raises(ReadError, match=rf"a\.pcd: .*({message})") as caught:
        read_cloud(put(tmp_path / "a.pcd", header.encode() + BINARY))
    assert "pydantic" not in str(caught.value)
    assert "http" not in str(caught.value)
