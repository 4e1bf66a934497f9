"""One file of any known format to one cloud."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import numpy as np
import torch

from pcl_lib._checks import check_integer
from pcl_lib.data._cloud import Cloud
from pcl_lib.data._sampling import SurfaceDraws, draw, face_normals, place
from pcl_lib.data.readers._errors import parsing, read_error
from pcl_lib.data.readers._hdf5 import read_hdf5
from pcl_lib.data.readers._kitti import read_velodyne
from pcl_lib.data.readers._las import read_las
from pcl_lib.data.readers._make_clouds import Options, make_cloud, rng_for, subset
from pcl_lib.data.readers._mesh import Mesh
from pcl_lib.data.readers._numpy_files import read_npy, read_npz
from pcl_lib.data.readers._obj import read_obj
from pcl_lib.data.readers._off import read_off
from pcl_lib.data.readers._pcd import read_pcd
from pcl_lib.data.readers._ply import read_ply, read_ply_mesh
from pcl_lib.data.readers._stl import read_stl
from pcl_lib.data.readers._text import read_pts, read_xyz

CLOUD_SUFFIXES = {
    ".xyz": read_xyz, ".txt": read_xyz, ".csv": read_xyz, ".pts": read_pts, ".npy": read_npy, ".npz": read_npz,
    ".pcd": read_pcd, ".ply": read_ply, ".las": read_las, ".laz": read_las, ".bin": read_velodyne,
    ".h5": read_hdf5, ".hdf5": read_hdf5,
}  # fmt: skip
TABLE_SUFFIXES = (".xyz", ".txt", ".csv", ".pts", ".npy")
MESH_SUFFIXES = {".off": read_off, ".obj": read_obj, ".stl": read_stl}


def read_cloud(
    path: str | Path,
    *,
    n_points: int | None = None,
    seed: int = 0,
    columns: str | None = None,
    dtype: torch.dtype | None = None,
    drop_bad: bool = False,
) -> Cloud:
    """A cloud from a file: ``.ply .pcd .las .laz .xyz .txt .csv .pts .npy .npz .h5 .bin``, ``.off .obj .stl``.

    ``n_points=None`` gives every point (of the last three, which are meshes: the vertices). Otherwise a
    seeded random subset of a cloud without replacement, or as many points uniform by area on a mesh, with
    face normals. ``.bin`` is a scan of KITTI, see ``read_velodyne``.

    ``columns="x y z r g b"`` names the columns of ``.xyz .txt .csv .pts .npy`` (``_`` leaves one out). Without
    it a first line with names does, or else the values: a cloud's fourth to sixth column are normals
    if all have length 1 (within 1 %), colours if all are whole from 0 to 255 or lie in [0, 1], and an
    error if neither.

    ``dtype=None`` gives float32, or float64 where float32 would move a point by more than 1e-6 of the
    cloud's longest side: coordinates of a survey (4.5e6 m) keep their millimetres. torch.float32 and
    torch.float64 decide for themselves.

    ``drop_bad=True`` leaves out points with NaN or infinite coordinates, normals or colours (of a mesh: these
    vertices and their faces), which are an error otherwise; ``Cloud.dropped`` counts them.

    Cost: O(bytes). Errors: ReadError; ValueError for ``columns`` with another format, another dtype.
    """
    suffix = Path(path).suffix.lower()
    if columns is not None and suffix not in TABLE_SUFFIXES:
        raise ValueError(
            f"columns must be None for {suffix!r}, received {columns!r}; only {' '.join(TABLE_SUFFIXES)} need names"
        )
    if suffix in MESH_SUFFIXES:
        mesh = MESH_SUFFIXES[suffix](path, drop_bad=drop_bad)
        return sample_mesh(mesh, n_points, seed=seed, path=path, dtype=dtype, drop_bad=drop_bad)
    if suffix not in CLOUD_SUFFIXES:
        raise read_error(
            path,
            f"unknown format {suffix!r}",
            expected=" ".join([*CLOUD_SUFFIXES, *MESH_SUFFIXES]),
            fix="convert the file, or use the reader of its benchmark",
        )
    named = {} if columns is None else {"columns": columns}
    cloud = CLOUD_SUFFIXES[suffix](path, dtype=dtype, drop_bad=drop_bad, **named)
    return subset(cloud, n_points, rng_for(seed, Path(path).name), path=path)


def read_mesh(path: str | Path, *, drop_bad: bool = False) -> Mesh:
    """Vertices and triangles from ``.off``, ``.obj``, ``.stl`` or ``.ply``, in the order of the file.

    ``drop_bad=True`` leaves out vertices with NaN or infinite coordinates and the faces that use them, which
    are an error otherwise; ``Mesh.dropped`` counts the vertices. Cost: O(bytes). Errors: ReadError.
    """
    suffix = Path(path).suffix.lower()
    readers = {**MESH_SUFFIXES, ".ply": read_ply_mesh}
    if suffix not in readers:
        raise read_error(
            path, f"unknown format {suffix!r}", expected=" ".join(readers), fix="convert the file"
        )
    return readers[suffix](path, drop_bad=drop_bad)


def sample_mesh(
    mesh: Mesh,
    n_points: int | None,
    *,
    seed: int,
    path: str | Path,
    name: str | None = None,
    category: str | None = None,
    split: str | None = None,
    **options: Unpack[Options],
) -> Cloud:
    """``n_points`` of a mesh uniform by area with face normals, or with ``None`` its vertices."""
    if n_points is None:
        return make_cloud(
            path, mesh.vertices, normals=mesh.normals, colors=mesh.colors, dropped=mesh.dropped,
            name=name, category=category, split=split, **options,
        )  # fmt: skip
    draws = draw_surface(mesh, n_points, seed=seed, key=Path(path).name, path=path)
    return place_cloud(mesh, draws, path=path, name=name, category=category, split=split, **options)


def draw_surface(mesh: Mesh, n_points: int, *, seed: int, key: str, path: str | Path) -> SurfaceDraws:
    """Places uniform by area on a mesh; a ``ReadError`` for a mesh without area."""
    check_integer("n_points", n_points, 1, hint="; None keeps all")
    with parsing(path, "a mesh whose surface can be sampled"):
        return draw(mesh.vertices, mesh.faces, n_points, rng_for(seed, key))


def place_cloud(
    mesh: Mesh,
    draws: SurfaceDraws,
    *,
    path: str | Path,
    name: str | None = None,
    category: str | None = None,
    split: str | None = None,
    **options: Unpack[Options],
) -> Cloud:
    """The drawn places on a mesh (or on another one of the same topology), with face normals.

    Colours of the vertices are interpolated.
    """
    points = place(mesh.vertices, mesh.faces, draws)
    normals = face_normals(mesh.vertices, mesh.faces)[draws.face]
    colors = None
    if mesh.colors is not None:
        between = place(mesh.colors, mesh.faces, draws)
        colors = np.rint(between).astype(np.uint8) if mesh.colors.dtype == np.uint8 else between
    return make_cloud(
        path, points, normals=normals, colors=colors, dropped=mesh.dropped,
        name=name, category=category, split=split, **options,
    )  # fmt: skip
