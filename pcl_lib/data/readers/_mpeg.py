"""MPEG-style voxelised clouds with colours (8iVFB, MVUB), as codecs are compared on."""

from __future__ import annotations

from pathlib import Path

from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._errors import read_error
from pcl_lib.data.readers._make_clouds import rng_for, subset
from pcl_lib.data.readers._ply import read_ply
from pcl_lib.data.readers._read_files import collect, flatten, locate


def mpeg(
    root: str | Path | None = None,
    *,
    n_points: int | None = None,
    seed: int = 0,
    cache_dir: str | Path | None = None,
    progress: bool = True,
    on_error: str = "raise",
) -> list[Cloud]:
    """Every coloured ``.ply`` below a folder, sorted by path, which is also its name.

    Voxel coordinates and 8-bit colours (N, 3) as stored; nothing is dropped, not even the stray voxel near
    the origin that some frames have. A file without ``red green blue`` is an error (``plain`` reads it).

    Cost: O(bytes); an ascii frame of 800,000 points takes seconds, so use a cache. Errors: ReadError.
    """
    layout = "a folder with .ply clouds with colours, such as longdress/Ply/longdress_vox10_1051.ply"
    base = locate(root, ["MPEG", "8iVFBv2", "MVUB"], "**/*.ply", layout)
    files = sorted(base.glob("**/*.ply"))

    def read_one(path: Path) -> list[Cloud]:
        cloud = subset(read_ply(path), n_points, rng_for(seed, path.name), path=path)
        if cloud.colors is None:
            raise read_error(
                path,
                "its vertices have no colours",
                expected="red green blue",
                fix="read it with pcl_lib.data.plain",
            )
        name = path.relative_to(base).with_suffix("").as_posix()
        return [Cloud(cloud.points, cloud.normals, cloud.colors, name=name)]

    return flatten(
        collect(
            "mpeg", files, read_one, root=base, files=files, settings={"n_points": n_points, "seed": seed},
            cache_dir=cache_dir, progress=progress, on_error=on_error,
        )
    )  # fmt: skip
