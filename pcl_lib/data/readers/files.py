"""One file of any known format to one cloud."""

from __future__ import annotations

from pathlib import Path

from pcl_lib.data.cloud import Cloud
from pcl_lib.data.readers.arrays import read_npy, read_npz
from pcl_lib.data.readers.build import make_cloud, rng_for, subset
from pcl_lib.data.readers.errors import parsing, read_error
from pcl_lib.data.readers.mesh import Mesh
from pcl_lib.data.readers.obj import read_obj
from pcl_lib.data.readers.off import read_off
from pcl_lib.data.readers.pcd import read_pcd
from pcl_lib.data.readers.ply import read_ply, read_ply_mesh
from pcl_lib.data.readers.text import read_xyz
from pcl_lib.data.sampling import SurfaceDraws, draw, face_normals, place

CLOUD_SUFFIXES = {".xyz": read_xyz, ".npy": read_npy, ".npz": read_npz, ".pcd": read_pcd, ".ply": read_ply}
MESH_SUFFIXES = {".off": read_off, ".obj": read_obj}


def read_cloud(path: str | Path, *, n_points: int | None = None, seed: int = 0) -> Cloud:
    """A cloud from ``.xyz .npy .npz .pcd .ply .off .obj``; from the last two, points of the surface.

    ``n_points=None`` gives every point (of a mesh: its vertices). Otherwise a seeded random subset of a
    cloud without replacement, or as many points uniform by area on a mesh, with face normals.

    Cost: O(bytes). Errors: ReadError.
    """
    suffix = Path(path).suffix.lower()
    if suffix in MESH_SUFFIXES:
        return sample_mesh(MESH_SUFFIXES[suffix](path), n_points, seed=seed, path=path)
    if suffix not in CLOUD_SUFFIXES:
        raise read_error(
            path,
            f"unknown format {suffix!r}",
            expected=" ".join([*CLOUD_SUFFIXES, *MESH_SUFFIXES]),
            fix="convert the file, or use the reader of its benchmark",
        )
    return subset(CLOUD_SUFFIXES[suffix](path), n_points, rng_for(seed, Path(path).name), path=path)


def read_mesh(path: str | Path) -> Mesh:
    """Vertices and triangles from ``.off``, ``.obj`` or ``.ply``, in the order of the file.

    Cost: O(bytes). Errors: ReadError.
    """
    suffix = Path(path).suffix.lower()
    readers = {**MESH_SUFFIXES, ".ply": read_ply_mesh}
    if suffix not in readers:
        raise read_error(
            path, f"unknown format {suffix!r}", expected=" ".join(readers), fix="convert the file"
        )
    return readers[suffix](path)


def sample_mesh(
    mesh: Mesh,
    n_points: int | None,
    *,
    seed: int,
    path: str | Path,
    name: str | None = None,
    category: str | None = None,
    split: str | None = None,
) -> Cloud:
    """``n_points`` of a mesh uniform by area with face normals, or with ``None`` its vertices."""
    if n_points is None:
        return make_cloud(path, mesh.vertices, name=name, category=category, split=split)
    draws = draw_surface(mesh, n_points, seed=seed, key=Path(path).name, path=path)
    return place_cloud(mesh, draws, path=path, name=name, category=category, split=split)


def draw_surface(mesh: Mesh, n_points: int, *, seed: int, key: str, path: str | Path) -> SurfaceDraws:
    """Places uniform by area on a mesh; a ``ReadError`` for a mesh without area."""
    if n_points < 1:
        raise ValueError(f"n_points: expected at least 1 or None, got {n_points}")
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
) -> Cloud:
    """The drawn places on a mesh (or on another one of the same topology) as a cloud with face normals."""
    points = place(mesh.vertices, mesh.faces, draws)
    normals = face_normals(mesh.vertices, mesh.faces)[draws.face]
    return make_cloud(path, points, normals=normals, name=name, category=category, split=split)
