"""One cloud to a file and back: the codec is chosen here, and what goes into the file is what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import check_cloud, check_integer, check_option
from pcl_lib.codec._cells import DEEPEST, longest_side
from pcl_lib.codec._cloud_header import (
    CODECS,
    DTYPES,
    MOST_POINTS,
    CloudInfo,
    at,
    check_header,
    checksum,
    frame,
    info_of,
    number,
    stream,
)
from pcl_lib.codec._cloud_parts import code_draco, code_grid, code_octree, duplicates_of, normals_of
from pcl_lib.codec._container import read_container, write_container
from pcl_lib.codec._dpcc import LARGEST, as_model, code_dpcc, decode_dpcc
from pcl_lib.codec._draco import decode_draco
from pcl_lib.codec._errors import CodecError
from pcl_lib.codec._grid import decode_grid
from pcl_lib.codec._model_file import CodecModel
from pcl_lib.codec._normals import decode_normals
from pcl_lib.codec._octree import decode_octree
from pcl_lib.data import Cloud
from pcl_lib.data.readers import read_cloud

KIND = "pclc"


def compress_cloud(
    points: Float[Tensor, "n 3"] | Cloud | str | Path,
    out: str | Path,
    *,
    codec: str = "octree",
    bits: int = 10,
    step: float | None = None,
    duplicates: str | None = None,
    normals: bool = False,
    model: CodecModel | str | Path | None = None,
    patch: int = LARGEST,
    limit: int = MOST_POINTS,
    progress: bool = True,
) -> CloudInfo:
    r"""Write a cloud to a compressed file (.pclc), and say what became of it.

    .. math:: \hat p = o + s\,k, \qquad k = \mathrm{round}\big((p - o) / s\big)

    The points come back in another order, in the units, at the place and in the dtype that they had: the origin o is
    float64, so that coordinates of a survey keep their millimetres. What comes back is decoded once while it is
    written, and its checksum stored.

    - `codec`: "grid": the differences of the cells along a Morton curve. "octree": occupancy bytes with the parent's
      byte and the level as context, points at the centres of the cells. "draco": Google's, where its package DracoPy
      is installed. "dpcc": the learned one, which returns about as many points as it is given, at other places of
      the same density.
    - `bits`: 2^bits cells along the longest side, 1 to 20, for "grid" 1 to 19. For "dpcc": of the grid that codes the
      points of parts with too few, 1 to 19.
    - `step`: for "grid", the size of a cell instead: a length in the units of the points.
    - `duplicates`: points that fall into one cell. "keep" returns as many points as were given (default of "grid"),
      "merge" one a cell ("octree" can do nothing else). Draco keeps them but for those that are equal when given.
    - `normals`: also those of the cloud, two bytes each ("grid" and "octree"); merged points get their mean.
    - `model`: for "dpcc", the file of a trained network (`write_model`), or one that `read_model` has read; None for
      the one that ships with the library.
    - `patch`: for "dpcc", the cloud's cube is halved until no part holds more points than that, 800 to 12,288. Parts
      with fewer than 100 are coded by the grid, in the same file.
    - `limit`: the largest number of points that is taken.
    - `progress`: a bar over the patches of "dpcc".

    Shapes: points (N, 3), float32 or float64, or a `Cloud`, or the path of a file that
    `pcl_lib.data.readers.read_cloud` reads. Colours and labels are not kept. Returns a `CloudInfo`; the error of grid
    and octree is at most s / 2 along each axis. Cost: O(N log N); 100,000 points at 10 bits about a tenth of a
    second ("grid") to one second ("octree"), "dpcc" some seconds.
    Errors: `ValueError` for an empty cloud, NaN, more points than the limit, a step that is too small, options of
    another codec, normals that are missing or zero; `RuntimeError` for "draco" without its package; `OSError`.
    Reference: schnabel2006octree, he2022dpcc.

    >>> import tempfile, pathlib
    >>> from pcl_lib.data import synthetic
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "chair.pclc"
    >>> info = compress_cloud(synthetic.sample("chair", 2048, seed=0), path, bits=8)
    >>> info.points, info.points_given, info.bytes == path.stat().st_size
    (2005, 2048, True)
    >>> decompress_cloud(path).points.shape
    torch.Size([2005, 3])
    """
    check_option("codec", codec, CODECS)
    check_integer("bits", bits, 1, DEEPEST)
    check_integer("limit", limit, 1)
    duplicates = duplicates_of(codec, duplicates)
    if model is not None and codec != "dpcc":
        raise ValueError(f"model must be None for codec {codec!r}, received one; it is of codec 'dpcc'")
    if step is not None and codec != "grid":
        raise ValueError(f"step must be None for codec {codec!r}, received {step!r}; it is of codec 'grid'")
    cloud = read_cloud(points) if isinstance(points, str | Path) else points
    given = cloud.points if isinstance(cloud, Cloud) else cloud
    check_cloud(given, "points", dims=3)
    if given.ndim != 2:
        raise ValueError(f"points must be one cloud (N, 3), received shape {tuple(given.shape)}")
    if len(given) > limit:
        raise ValueError(
            f"points must be at most {limit:,} (the limit), received {len(given):,}; pass limit= (--limit)"
        )
    array = given.detach().cpu().numpy().astype(np.float64)
    along = normals_of(cloud, codec) if normals else None
    if codec == "draco":
        coded = code_draco(array, bits)
    elif codec == "grid":
        coded = code_grid(array, along, longest_side(array) / 2**bits if step is None else step, duplicates)
    elif codec == "dpcc":
        coded = code_dpcc(array, bits, patch, as_model(model), progress=progress)
    else:
        coded = code_octree(array, along, bits)
    dtype = "f4" if given.dtype == torch.float32 else "f8"
    header: dict[str, Any] = {"codec": codec, "n": coded.n, "of": len(array), "dtype": dtype, **coded.header}
    decoded = _decode(header, coded.arrays) if coded.points is None else coded.points
    header["sum"] = checksum(_in_dtype(decoded, dtype))
    size = write_container(out, KIND, header, coded.arrays)
    return info_of(header, coded.arrays, size)


def decompress_cloud(
    path: str | Path,
    *,
    model: CodecModel | str | Path | None = None,
    limit: int = MOST_POINTS,
    progress: bool = True,
) -> Cloud:
    """The cloud of a compressed file: the same points on every machine, or an error.

    - `model`: for a file of codec "dpcc", the network that wrote it, as in `compress_cloud`.
    - `progress`: a bar over the patches of "dpcc".
    - `limit`: the largest number of points that is made, so that a hostile file costs no more memory than that.

    Returns a `Cloud` of points (N, 3) in the dtype that they were given in, and normals (N, 3) float32 if the file has
    them. Cost: as `compress_cloud`. Errors: `CodecError` for a file that is foreign, of another kind, newer, cut
    short, damaged, of another model, or above the limit, and if the decoded points are not those that were written;
    `RuntimeError` for "draco" without its package; `OSError`.

    >>> import torch, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "two.pclc"
    >>> survey = torch.tensor([[4.5e6, 5.4e5, 12.0], [4.5e6 + 1, 5.4e5, 12.5]], dtype=torch.float64)
    >>> _ = compress_cloud(survey, path, codec="grid", step=0.001)
    >>> decompress_cloud(path).points[1].tolist()
    [4500001.0, 540000.0, 12.5]
    """
    check_integer("limit", limit, 1)
    try:
        header, arrays = read_container(path, KIND)
        check_header(header, limit)
        if header["codec"] == "dpcc":
            decoded = decode_dpcc(header, arrays, as_model(model), progress=progress)
        else:
            decoded = _decode(header, arrays)
        points = _in_dtype(decoded, header["dtype"])
        if checksum(points) != header["sum"]:
            raise CodecError(
                "its points come out otherwise than they were written: the file, or this machine's arithmetic, "
                "is at fault"
            )
        along = decode_normals(stream(arrays, "normals"), header["n"]) if "normals" in arrays else None
    except CodecError as error:
        raise at(path, error) from error.__cause__
    return Cloud(
        torch.from_numpy(points),
        normals=None if along is None else torch.from_numpy(along.astype(np.float32)),
        name=Path(path).stem,
    )


def cloud_info(path: str | Path) -> CloudInfo:
    """What a compressed cloud says of itself; nothing is decoded, but the checksum of the file is compared.

    - `path`: of a file that `compress_cloud` wrote.

    Errors: `CodecError` as `decompress_cloud`, `OSError`.

    >>> import torch, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "one.pclc"
    >>> _ = compress_cloud(torch.tensor([[1.0, 2.0, 3.0]]), path)
    >>> print(cloud_info(path))
    octree: 1 points, float32, 169 bytes, 1352.000 bits a point; step 0.0, depth 0
    """
    try:
        header, arrays = read_container(path, KIND)
        check_header(header, None)
        return info_of(header, arrays, Path(path).stat().st_size)
    except CodecError as error:
        raise at(path, error) from error.__cause__


def _decode(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray | bytes]) -> np.ndarray:
    """The points (n, 3) of a file of a codec without a network, whose header has been checked, float64."""
    n, code = number(header, "n", 1), stream(arrays, "stream")
    if header["codec"] == "octree":
        places = decode_octree(code, number(header, "depth", 0), n)
    else:
        places = decode_grid(code, n) if header["codec"] == "grid" else decode_draco(code, n)
    return frame(arrays).points(places)


def _in_dtype(points: np.ndarray, name: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        points = points.astype(DTYPES[name])
    if not np.isfinite(points).all():
        raise CodecError("damaged: it holds points that are not finite")
    return points
