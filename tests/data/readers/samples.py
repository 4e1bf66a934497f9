"""One small whole file of every format, for the tests that damage it; and how to write any file."""

from __future__ import annotations

import gzip
import io
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import laspy
import numpy as np
from plyfile import PlyData, PlyElement
from pypcd4 import Encoding, PointCloud

from pcl_lib.data.readers._any_folder import packed
from pcl_lib.data.readers._hdf5 import load_hdf5, read_hdf5
from pcl_lib.data.readers._idx import read_idx
from pcl_lib.data.readers._kitti import read_velodyne
from pcl_lib.data.readers._las import read_las
from pcl_lib.data.readers._numpy_files import read_npy, read_npz
from pcl_lib.data.readers._obj import read_obj
from pcl_lib.data.readers._off import read_off
from pcl_lib.data.readers._pcd import read_pcd
from pcl_lib.data.readers._ply import read_ply, read_ply_mesh
from pcl_lib.data.readers._stl import FACET, read_stl
from pcl_lib.data.readers._text import read_pts, read_table, read_xyz


def put(path: Path, content: bytes | str) -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


N = 12
POINTS = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)
NORMALS = POINTS / np.linalg.norm(POINTS, axis=1, keepdims=True)
COLORS = np.arange(3 * N).reshape(N, 3) * 7
TETRAHEDRON = np.array([[0, 0, 0], [1.5, 0, 0], [0, 1.25, 0], [0, 0, 1.125]])
TRIANGLES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])


class Sample(NamedTuple):
    suffix: str
    make: Callable[[np.ndarray], bytes]  # a whole file of these points (or vertices, or values)
    load: Callable[[Path], Any]
    whole_or_error: bool  # whether every cut can be noticed (false: text, and formats without a size)
    floats: bool = True  # whether a NaN can be stored


def text(points: np.ndarray) -> bytes:
    return "".join(" ".join(f"{v:.6f}" for v in row) + "\n" for row in points).encode()


def npy(points: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, points)
    return stream.getvalue()


def npz(save: Callable[..., None], **extra: np.ndarray) -> Callable[[np.ndarray], bytes]:
    def make(points: np.ndarray) -> bytes:
        stream = io.BytesIO()
        save(stream, points=points[None] if extra else points, **extra)
        return stream.getvalue()

    return make


def pcd(encoding: Encoding) -> Callable[[np.ndarray], bytes]:
    def make(points: np.ndarray) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.pcd"
            PointCloud.from_xyz_points(points.astype(np.float32)).save(path, encoding=encoding)
            return path.read_bytes()

    return make


def ply(text: bool, faces: bool) -> Callable[[np.ndarray], bytes]:
    def make(points: np.ndarray) -> bytes:
        fields = [(c, "f4") for c in "xyz"] + [(c, "u1") for c in ("red", "green", "blue")]
        rows = [(*p, 1, 2, 3) for p in points.tolist()]
        elements = [PlyElement.describe(np.array(rows, dtype=fields), "vertex")]
        if faces:
            table = np.array([(row,) for row in TRIANGLES.tolist()], dtype=[("vertex_indices", "i4", (3,))])
            elements.append(PlyElement.describe(table, "face"))
        stream = io.BytesIO()
        PlyData(elements, text=text, byte_order="<").write(stream)
        return stream.getvalue()

    return make


def off(header: str) -> Callable[[np.ndarray], bytes]:
    def make(vertices: np.ndarray) -> bytes:
        faces = "".join(f"3 {a} {b} {c}\n" for a, b, c in TRIANGLES)
        return f"{header}{len(vertices)} {len(TRIANGLES)} 0\n".encode() + text(vertices) + faces.encode()

    return make


def obj(vertices: np.ndarray) -> bytes:
    lines = ["# registered", "mtllib none.mtl", *("v " + " ".join(map(str, v)) for v in vertices.tolist())]
    lines += ["vn 0 0 1", *(f"f {a + 1}//1 {b + 1}//1 {c + 1}//1" for a, b, c in TRIANGLES)]
    return "\n".join(lines).encode() + b"\n"


def coff(vertices: np.ndarray) -> bytes:
    rows = text(np.hstack([vertices, np.tile([255, 8, 0, 255], (len(vertices), 1))]))
    faces = "".join(f"3 {a} {b} {c}\n" for a, b, c in TRIANGLES)
    return f"COFF\n{len(vertices)} {len(TRIANGLES)} 0\n".encode() + rows + faces.encode()


def stl(vertices: np.ndarray) -> bytes:
    facets = np.zeros(len(TRIANGLES), FACET)
    facets["corners"] = vertices[TRIANGLES]
    return bytes(80) + struct.pack("<I", len(facets)) + facets.tobytes()


def stl_text(vertices: np.ndarray) -> bytes:
    lines = ["solid of four"]
    for triangle in vertices[TRIANGLES].tolist():
        lines += ["facet normal 0 0 0", "outer loop", *("vertex " + " ".join(map(str, v)) for v in triangle)]
        lines += ["endloop", "endfacet"]
    return "\n".join([*lines, "endsolid"]).encode()


def las(packed: bool, point_format: int = 3, **fields: np.ndarray) -> Callable[[np.ndarray], bytes]:
    def make(points: np.ndarray) -> bytes:
        header = laspy.LasHeader(point_format=point_format, version="1.4" if point_format > 5 else "1.2")
        header.scales, header.offsets = np.full(3, 1e-6), np.floor(points.min(axis=0))
        file = laspy.LasData(header)
        file.x, file.y, file.z = points.T.astype(np.float64)
        for name, values in fields.items():
            file[name] = values
        stream = io.BytesIO()
        file.write(stream, do_compress=packed, laz_backend=laspy.LazBackend.Lazrs if packed else None)
        return stream.getvalue()

    return make


def hdf5_cloud(points: np.ndarray) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.create_dataset("points", data=points)
        file.create_dataset("label", data=np.arange(len(points)))
    return stream.getvalue()


def velodyne(points: np.ndarray) -> bytes:
    return np.column_stack([points, np.linspace(0, 1, len(points))]).astype("<f4").tobytes()


def hdf5(**options: Any) -> Callable[[np.ndarray], bytes]:
    def make(points: np.ndarray) -> bytes:
        stream = io.BytesIO()
        with h5py.File(stream, "w") as file:
            file.create_dataset("data", data=np.repeat(points[None], 3, axis=0), **options)
            file.create_dataset("label", data=np.zeros((3, 1), np.uint8))
        return stream.getvalue()

    return make


def idx(pack: Callable[[bytes], bytes]) -> Callable[[np.ndarray], bytes]:
    def make(values: np.ndarray) -> bytes:
        images = (np.abs(values) * 50).astype(np.uint8).reshape(3, 4, -1)
        return pack(bytes([0, 0, 8, 3]) + struct.pack(">III", *images.shape) + images.tobytes())

    return make


NAMES = np.array(["shape_0"])
SAMPLES = {
    "xyz": Sample(".xyz", text, read_xyz, False),
    "xyz-normals": Sample(".xyz", lambda p: text(np.hstack([p, NORMALS])), read_xyz, False),
    "xyz-colors": Sample(".xyz", lambda p: text(np.hstack([p, COLORS])), read_xyz, False),
    "csv": Sample(".csv", lambda p: b"x,y,z\n" + text(p).replace(b" ", b","), read_xyz, False),
    "pts": Sample(".pts", lambda p: f"{len(p)}\n".encode() + text(p), read_pts, False),
    "npy-normals": Sample(".npy", lambda p: npy(np.hstack([p, NORMALS])), read_npy, True),
    "las": Sample(".las", las(False), read_las, True, False),
    "laz": Sample(".laz", las(True), read_las, True, False),
    "stl": Sample(".stl", stl, read_stl, True),
    "stl-ascii": Sample(".stl", stl_text, read_stl, True),
    "coff": Sample(".off", coff, read_off, False),
    "hdf5-cloud": Sample(".h5", hdf5_cloud, read_hdf5, True),
    "table": Sample(
        ".txt", lambda p: text(np.hstack([p, p, p[:, :1] * 0])), lambda f: read_table(f, (7,)), False
    ),
    "npy": Sample(".npy", npy, read_npy, True),
    "npz": Sample(".npz", npz(np.savez), read_npz, True),
    "npz-packed": Sample(".npz", npz(np.savez_compressed, name=NAMES), packed, True),
    "pcd-ascii": Sample(".pcd", pcd(Encoding.ASCII), read_pcd, False),
    "pcd-binary": Sample(".pcd", pcd(Encoding.BINARY), read_pcd, True),
    "pcd-compressed": Sample(".pcd", pcd(Encoding.BINARY_COMPRESSED), read_pcd, True),
    "ply-ascii": Sample(".ply", ply(True, False), read_ply, False),
    "ply-binary": Sample(".ply", ply(False, False), read_ply, True),
    "ply-mesh": Sample(".ply", ply(False, True), read_ply_mesh, True),
    "ply-mesh-ascii": Sample(".ply", ply(True, True), read_ply_mesh, False),
    "off": Sample(".off", off("OFF\n"), read_off, False),
    "off-glued": Sample(".off", off("OFF"), read_off, False),
    "obj": Sample(".obj", obj, read_obj, False),
    "velodyne": Sample(".bin", velodyne, read_velodyne, False),
    "hdf5": Sample(".h5", hdf5(), lambda f: load_hdf5(f, ["data"], ["label"]), True, False),
    "hdf5-gzip": Sample(
        ".h5",
        hdf5(compression="gzip", chunks=(1, N, 3)),
        lambda f: load_hdf5(f, ["data"], ["label"]),
        True,
        False,
    ),
    "idx": Sample(".idx3-ubyte", idx(bytes), lambda f: read_idx(f, 3), True, False),
    "idx-gz": Sample(".idx3-ubyte.gz", idx(gzip.compress), lambda f: read_idx(f, 3), True, False),
}
MESHES = [
    name for name, sample in SAMPLES.items() if sample.load in (read_off, read_obj, read_ply_mesh, read_stl)
]


def values_for(name: str) -> np.ndarray:
    """The points, or the vertices, that a sample is made of."""
    return (TETRAHEDRON if name in MESHES else POINTS).copy()
