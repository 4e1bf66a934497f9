"""Bytes of a file, tampered with in every way that a stranger or a bad disk may."""

from __future__ import annotations

import os
import struct
import zlib

import numpy as np

MUTATIONS = int(
    os.environ.get("PCL_MUTATIONS", "2000")
)  # more on demand: PCL_MUTATIONS=100000 pytest -k mutated
_WORTH = (b"\x00", b"\xff", b"\x80", b"9", b"-", b"[", b'"', b"e999", b"\x00\x00\x80\x7f", b"\xff" * 8)


def mutated(rng: np.random.Generator, whole: bytes) -> bytes:
    """One to four changes: bits, bytes, numbers that are worth a try; parts cut out, doubled or moved; an end.

    Half of them near the beginning, where the lengths stand; half get a checksum that fits.
    """
    data = bytearray(whole)
    for _ in range(rng.integers(1, 5)):
        at = int(rng.integers(min(len(data), 400 if rng.random() < 0.5 else len(data)) or 1))
        size = int(rng.integers(1, 40))
        match int(rng.integers(8)):
            case 0 | 1 if data:
                data[at] ^= 1 << int(rng.integers(8))
            case 2 if data:
                data[at] = int(rng.integers(256))
            case 3:
                worth = _WORTH[rng.integers(len(_WORTH))]
                data[at : at + len(worth)] = worth
            case 4:
                del data[at : at + size]
            case 5:
                data[at:at] = data[at : at + size]
            case 6:
                other = int(rng.integers(len(data) or 1))
                data[at : at + size] = data[other : other + size]
            case _:
                data = data[:at] if rng.random() < 0.5 else data + rng.bytes(size)
    return mended(bytes(data)) if rng.random() < 0.5 else bytes(data)


def mended(data: bytes) -> bytes:
    """The same with a checksum that fits, so that what comes behind the checksum is tried too."""
    return data[:-4] + struct.pack("<I", zlib.crc32(data[:-4]))
