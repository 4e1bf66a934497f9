"""Registered meshes, as D-FAUST (bogo2017dfaust) and COMA (ranjan2018coma): one topology, many shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._any_file import draw_surface, place_cloud, read_mesh
from pcl_lib.data.readers._errors import read_error
from pcl_lib.data.readers._make_clouds import make_cloud
from pcl_lib.data.readers._read_files import collect, flatten, locate

SUFFIXES = (".ply", ".obj")


def registered_meshes(
    root: str | Path | None = None,
    *,
    n_points: int | None = None,
    seed: int = 0,
    cache_dir: str | Path | None = None,
    progress: bool = True,
    on_error: str = "raise",
) -> list[Cloud]:
    """Clouds in correspondence from all registered ``.ply`` or ``.obj`` meshes below a folder.

    All meshes must have the faces of the first (in sorted order): then row i is the same place of the
    body in every cloud. ``n_points=None`` gives the vertices (6,890 in D-FAUST, 5,023 in COMA). Otherwise
    points are drawn once, uniform by area on the first mesh, as triangle and barycentric weights, and
    placed on every mesh, at any resolution, with face normals. The name is the path below the folder, the
    category its first folder (the subject, the sequence).

    Cost: O(bytes). Errors: ReadError; a mesh of another topology is an error that names the file.
    Reference: bogo2017dfaust, ranjan2018coma.
    """
    layout = "a folder with .ply or .obj meshes of one topology, such as D-FAUST/<sequence>/00000.obj"
    base = locate(root, [], "**/*.[po][lb][yj]", layout)
    files = sorted(f for f in base.glob("**/*") if f.suffix in SUFFIXES)
    first = read_mesh(
        files[0]
    )  # the reference: whatever on_error says, without it there is nothing to compare with
    draws = (
        None if n_points is None else draw_surface(first, n_points, seed=seed, key="surface", path=files[0])
    )

    def read_one(path: Path) -> list[Cloud]:
        mesh = read_mesh(path)
        if mesh.vertices.shape != first.vertices.shape or not np.array_equal(mesh.faces, first.faces):
            raise read_error(
                path,
                f"{len(mesh.vertices)} vertices and {len(mesh.faces)} faces in another order or number",
                expected=f"the {len(first.vertices)} vertices and {len(first.faces)} faces of {files[0]}",
                fix="read raw scans with pcl_lib.data.plain; only registered meshes correspond",
            )
        inside = path.relative_to(base)
        name, category = inside.with_suffix("").as_posix(), inside.parts[0] if len(inside.parts) > 1 else None
        if draws is None:
            return [make_cloud(path, mesh.vertices, name=name, category=category)]
        return [place_cloud(mesh, draws, path=path, name=name, category=category)]

    return flatten(
        collect(
            "registered_meshes", files, read_one, root=base, files=files,
            settings={"n_points": n_points, "seed": seed},
            cache_dir=cache_dir, progress=progress, on_error=on_error,
        )
    )  # fmt: skip
