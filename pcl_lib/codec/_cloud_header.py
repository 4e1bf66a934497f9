"""What the header of a compressed cloud says, and that it may say so."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pcl_lib.codec._cells import DEEPEST, Lattice
from pcl_lib.codec._errors import CodecError

CODECS = ("grid", "octree", "draco", "dpcc")
MOST_POINTS = 10_000_000
DTYPES = {"f4": "float32", "f8": "float64"}


@dataclass(frozen=True)
class CloudInfo:
    """What a compressed cloud says of itself.

    - `codec`: "grid", "octree", "draco" or "dpcc".
    - `points`: how many points come back.
    - `points_given`: how many points went in.
    - `normals`: whether normals come back too.
    - `dtype`: "float32" or "float64", that of the points that went in and come back.
    - `bytes`: the size of the file.
    - `details`: what the codec adds: its step, depth, patches or model.
    """

    codec: str
    points: int
    points_given: int
    normals: bool
    dtype: str
    bytes: int
    details: Mapping[str, Any]

    @property
    def bits_per_point(self) -> float:
        """Bits of the whole file for each point that went in."""
        return 8 * self.bytes / self.points_given

    def __str__(self) -> str:
        merged = self.points_given - self.points
        points = f"{self.points:,} points"
        if self.codec == "dpcc":
            points += f" ({self.points_given:,} given)"
        elif merged:
            points += f" ({self.points_given:,} given, {merged:,} merged with others)"
        extra = [f"{name} {value}" for name, value in self.details.items()]
        extra += ["normals"] * self.normals
        return (
            f"{self.codec}: {points}, {self.dtype}, {self.bytes:,} bytes, {self.bits_per_point:.3f} bits a point"
            + (f"; {', '.join(extra)}" if extra else "")
        )


def checksum(points: np.ndarray) -> int:
    """CRC-32 of points as they are returned: of their bytes, so that a difference in the last bit is one."""
    little = np.ascontiguousarray(points, points.dtype.newbyteorder("<"))
    return zlib.crc32(little.tobytes())


def check_header(header: Mapping[str, Any], most: int | None) -> None:
    """A `CodecError` unless the header is one that `compress_cloud` writes, of at most `most` points."""
    number(header, "n", 1)
    number(header, "of", 1)
    number(header, "sum", 0, (1 << 32) - 1)
    if str(header.get("codec")) not in CODECS:
        raise CodecError(
            f"its codec {short(header.get('codec'))} is unknown to this version; it knows {', '.join(CODECS)}"
        )
    if str(header.get("dtype")) not in DTYPES:
        raise CodecError(f"damaged: its points have the type {short(header.get('dtype'))}")
    if header["codec"] == "octree":
        number(header, "depth", 0, DEEPEST)
    if header["codec"] == "dpcc":
        number(header, "patches", 0)
        number(header, "small", 0)
        if not isinstance(header.get("model"), str):
            raise CodecError("damaged: it does not name its model")
    if most is not None and header["n"] > most:
        raise CodecError(
            f"holds {header['n']:,} points, more than the limit of {most:,}; if the file can be trusted, "
            f"pass limit={header['n']} (--limit)"
        )


def info_of(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray | bytes], size: int) -> CloudInfo:
    """What a checked header says, for people."""
    if header["codec"] == "dpcc":
        details: dict[str, Any] = {name: header.get(name) for name in ("patches", "small", "model")}
    elif header["codec"] == "draco":
        details = {}
    else:
        details = {"step": frame(arrays).step} | {name: header[name] for name in ("depth",) if name in header}
    return CloudInfo(
        codec=header["codec"],
        points=header["n"],
        points_given=header["of"],
        normals="normals" in arrays,
        dtype=DTYPES[header["dtype"]],
        bytes=size,
        details=details,
    )


def number(header: Mapping[str, Any], name: str, low: int, high: int = 1 << 40) -> int:
    """The integer of a header, or a `CodecError` if it is none or outside its range."""
    value = header.get(name)
    if type(value) is not int or not low <= value <= high:
        raise CodecError(f"damaged: {name!r} of its header is {short(value)}")
    return value


def short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + ".."


def stream(arrays: Mapping[str, np.ndarray | bytes], name: str) -> bytes:
    """A stream of bytes of the file."""
    value = arrays.get(name)
    if not isinstance(value, bytes):
        raise CodecError(f"damaged: it has no stream {name!r}")
    return value


def frame(arrays: Mapping[str, np.ndarray | bytes], name: str = "frame") -> Lattice:
    """Origin and step of the file; every point that they give is finite in float64."""
    value = arrays.get(name)
    if not isinstance(value, np.ndarray) or value.shape != (4,) or value.dtype != np.float64:
        raise CodecError("damaged: it does not say where its points lie")
    if not (np.abs(value) < 1e300).all() or value[3] < 0:
        raise CodecError("damaged: its points lie nowhere")
    return Lattice(value[:3].astype(np.float64), float(value[3]))


def array_of(lattice: Lattice) -> np.ndarray:
    return np.array([*lattice.origin, lattice.step], dtype=np.float64)


def at(path: str | Path, error: CodecError) -> CodecError:
    """The error with the path of the file in front."""
    text = str(error)
    return error if text.startswith(str(path)) else CodecError(f"{path}: {text}")
