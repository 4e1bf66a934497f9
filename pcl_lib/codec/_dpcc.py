"""The learned codec: cubes through a D-PCC network, what is too small for it through the grid codec, in one file.

Decoding is done in float64 on one thread, and places are rounded to 2^-16 of a cube: a child more or less, or a last
digit, would make another cloud. Checksums of each patch and of the whole tell where that happens all the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from pcl_lib._checks import check_integer
from pcl_lib.codec._cells import Lattice, longest_side
from pcl_lib.codec._cloud_header import array_of, frame, number, short, stream
from pcl_lib.codec._cloud_parts import Coded
from pcl_lib.codec._errors import CodecError
from pcl_lib.codec._grid import decode_grid, encode_grid, to_grid
from pcl_lib.codec._model_file import CodecModel, read_model
from pcl_lib.codec._patches import Cubes, cut, decode_cubes, encode_cubes
from pcl_lib.codec._range_coder import decode_symbols, encode_symbols
from pcl_lib.neighbors.building_blocks import one_thread

SMALLEST = 100  # points of a patch, as in the released code, which drops smaller ones
LARGEST = 4096
MOST_LARGEST = 12_288
MOST_LATENT = 512  # latent points of a patch: a hostile file makes 512 times as many points of them at most
_ROUND = 1 << 16
Model = CodecModel | str | Path | None


def as_model(model: Model) -> CodecModel:
    return model if isinstance(model, CodecModel) else read_model(model)


def code_dpcc(points: np.ndarray, bits: int, patch: int, model: CodecModel, *, progress: bool) -> Coded:
    """The part of a file that holds points (n, 3), float64."""
    smallest = max(SMALLEST, model.network.fewest)
    check_integer("patch", patch, 8 * smallest, MOST_LARGEST)
    cubes, rows, rest = cut(points, smallest=smallest, largest=patch)
    symbols: list[list[np.ndarray]] = [[], []]
    decoded: list[np.ndarray] = []
    with torch.no_grad(), one_thread(), tqdm(total=len(rows), disable=not progress, desc="patches") as bar:
        for part, centre, half in zip(rows, cubes.centres(), cubes.halves(), strict=True):
            coded = _symbols(model, torch.from_numpy((points[part] - centre) / half))
            if coded[0].shape[1] > MOST_LATENT:
                raise ValueError(
                    f"patch must leave at most {MOST_LATENT} latent points in a cube, received {coded[0].shape[1]}; "
                    f"choose a smaller patch than {patch}"
                )
            decoded.append(_local(model, *coded))
            for kept, new in zip(symbols, coded, strict=True):
                kept.append(new)
            bar.update()
    latents = np.array([s.shape[1] for s in symbols[0]], dtype=np.int64)
    header: dict[str, object] = {"model": model.checksum, "patches": len(rows), "small": len(rest)}
    arrays: dict[str, np.ndarray | bytes] = {}
    if len(rows):
        arrays["cube"] = array_of(Lattice(cubes.origin, cubes.side))
        arrays["table"] = encode_cubes(cubes, latents)
        arrays["sums"] = np.array([_sum(local) for local in decoded], dtype=np.uint16)
        for name, kept, tables in zip(
            ("features", "places"), symbols, (model.features, model.coordinates), strict=True
        ):
            arrays[name] = encode_symbols(np.concatenate(kept, axis=1), tables)
    found = [c + local * h for c, local, h in zip(cubes.centres(), decoded, cubes.halves(), strict=True)]
    if len(rest):
        lattice, cells = to_grid(points[rest], longest_side(points) / (1 << bits))
        code = encode_grid(cells)
        arrays["frame"], arrays["small"] = array_of(lattice), code
        found.append(lattice.points(decode_grid(code, len(rest))))
    back = np.concatenate(found)
    return Coded(len(back), header, arrays, back)


def decode_dpcc(
    header: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray | bytes],
    model: CodecModel,
    *,
    progress: bool,
) -> np.ndarray:
    """The points (n, 3) of a file whose header has been checked, float64: patch after patch, then the small cubes."""
    n, patches, small = (number(header, name, low) for name, low in (("n", 1), ("patches", 0), ("small", 0)))
    if header.get("model") != model.checksum:
        raise CodecError(
            f"was written with the model {short(header.get('model'))}, and this is {model.checksum!r}; "
            "pass model= (--model) with the file of that one"
        )
    if patches + small > n:
        raise CodecError("damaged: it has more patches than points")
    found = []
    if patches:
        found = _decoded_patches(arrays, patches, n - small, model, progress)
    if small:
        found.append(frame(arrays).points(decode_grid(stream(arrays, "small"), small)))
    points = np.concatenate(found) if found else np.zeros((0, 3))
    if len(points) != n:
        raise CodecError(f"damaged: its patches have {len(points):,} points, and its header says {n:,}")
    return points


def _decoded_patches(
    arrays: Mapping[str, np.ndarray | bytes], patches: int, most: int, model: CodecModel, progress: bool
) -> list[np.ndarray]:
    box = frame(arrays, "cube")
    cubes, latents = decode_cubes(stream(arrays, "table"), box.origin, box.step, patches, MOST_LATENT)
    total = int(latents.sum())
    if total > most:
        raise CodecError(f"damaged: it has {total:,} latent points for {most:,} points")
    sums = arrays.get("sums")
    if not isinstance(sums, np.ndarray) or sums.shape != (patches,) or sums.dtype != np.uint16:
        raise CodecError("damaged: it has no checksums of its patches")
    features = decode_symbols(stream(arrays, "features"), model.features, total)
    places = decode_symbols(stream(arrays, "places"), model.coordinates, total)
    ends = np.cumsum(latents)
    found, made = [], 0
    with torch.no_grad(), one_thread(), tqdm(total=patches, disable=not progress, desc="patches") as bar:
        for i, (end, centre, half) in enumerate(zip(ends, cubes.centres(), cubes.halves(), strict=True)):
            part = slice(int(end - latents[i]), int(end))
            local = _local(model, features[:, part], places[:, part])
            if _sum(local) != sums[i]:
                raise CodecError(_differs(i, cubes, len(local)))
            made += len(local)
            if made > most:
                raise CodecError(f"damaged: its patches have more than the {most:,} points of its header")
            found.append(centre + local * half)
            bar.update()
    return found


def _symbols(model: CodecModel, local: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The integers (width, M) of features and coordinates of a patch in [-1, 1]."""
    latent = model.network.latent(local)
    features = model.network.bottleneck.symbols(latent.features.mT[None])[0].numpy()
    places = model.network.coordinates.bottleneck.symbols(latent.coordinates.mT[None])[0].numpy()
    return features, places


def _local(model: CodecModel, features: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The points of a patch (n, 3), in multiples of 2^-16."""
    parts = (model.network.coordinates.bottleneck, places), (model.network.bottleneck, features)
    values = [b.values(torch.from_numpy(np.ascontiguousarray(s))[None])[0].mT.contiguous() for b, s in parts]
    points = model.network.decode(*values).numpy()
    if not np.isfinite(points).all() or not (np.abs(points) < 2.0**30).all():
        raise CodecError("damaged: a patch has points that are nowhere near it")
    return np.rint(points * _ROUND) / _ROUND


def _sum(local: np.ndarray) -> int:
    """16 bits of a checksum of a patch."""
    return zlib.crc32((local * _ROUND).astype("<i8").tobytes()) & 0xFFFF


def _differs(i: int, cubes: Cubes, points: int) -> str:
    centre = ", ".join(f"{c:.4g}" for c in cubes.centres()[i])
    return (
        f"patch {i} of {len(cubes.levels)} (centre {centre}) comes out otherwise than it was written, with "
        f"{points:,} points: the file, or this machine's arithmetic, is at fault"
    )
