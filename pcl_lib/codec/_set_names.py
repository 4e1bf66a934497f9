"""The names of the clouds of a data set: paths below a folder that lead nowhere else."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from pcl_lib.codec._errors import CodecError

LONGEST = 400  # bytes of a name
_FORBIDDEN = frozenset("\\:")  # they lead elsewhere on Windows
_SEPARATOR = b"\0"


def check_names(names: Sequence[str], count: int) -> tuple[str, ...]:
    """The names, if there are as many as codes, each is a path below a folder, and no two are alike."""
    if len(names) != count:
        raise ValueError(f"names must be one for each of the {count} codes of model, received {len(names)}")
    bad = _bad(names)
    if bad is not None:
        raise ValueError(
            f"names must be distinct paths below a folder, such as 'anna/smile', upper and lower case alike, "
            f"printable, without .. or \\ or :, of at most {LONGEST} bytes, received {bad!r}; rename it"
        )
    return tuple(names)


def packed_names(names: Sequence[str]) -> bytes:
    return zlib.compress(_SEPARATOR.join(name.encode("utf-8") for name in names), 9)


def unpacked_names(stream: object, count: int) -> tuple[str, ...]:
    """Names that were packed. Errors: `CodecError` for other bytes, before more is unpacked than names can need."""
    if not isinstance(stream, bytes):
        raise CodecError("damaged: the names of its clouds are missing")
    unpack = zlib.decompressobj()
    try:
        text = unpack.decompress(stream, count * (LONGEST + 1))
        if not unpack.eof or unpack.unused_data:
            raise CodecError(
                "damaged: the names of its clouds are too long, cut short, or followed by something"
            )
        names = [name.decode("utf-8") for name in text.split(_SEPARATOR)]
    except (zlib.error, UnicodeDecodeError) as error:
        raise CodecError("damaged: the names of its clouds cannot be read") from error
    bad = _bad(names)
    if bad is not None:
        raise CodecError(f"not to be trusted: {bad!r} is no name of a cloud, or stands twice")
    if len(names) != count:
        raise CodecError(f"damaged: {len(names)} names for {count} clouds")
    return tuple(names)


def _bad(names: Sequence[str]) -> str | None:
    """The first that is no path below a folder, or stands for a second time."""
    seen: set[str] = set()
    for name in names:
        if not name.isprintable() or _FORBIDDEN.intersection(name) or len(name.encode("utf-8")) > LONGEST:
            return name
        if {"", ".", ".."}.intersection(name.split("/")) or name.casefold() in seen:
            return name
        seen.add(name.casefold())
    return None
