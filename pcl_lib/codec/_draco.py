"""Google's Draco through its Python package, which is optional: the codec that others use.

Draco's decoder takes as much memory as the bytes that it is given ask for. A file from elsewhere is therefore decoded
in a process of its own, with bounds on its memory and its time.
"""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import numpy as np

from pcl_lib.codec._cells import Lattice, longest_side
from pcl_lib.codec._errors import CodecError

_MOST_EFFORT = 10
_START = bytes([2, 3, 0, 1])  # format 2.3, a point cloud, coded by its tree
_SECONDS = 60
_MEGABYTES = 1024  # for the interpreter and its libraries
_BYTES_A_POINT = 200
_CHILD = """
import sys
try:
    import resource
except ImportError:  # no such bounds on this system
    resource = None
import DracoPy, numpy
stream = sys.stdin.buffer.read()
if resource is not None:
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
points = numpy.asarray(DracoPy.decode(stream).points, "<f4")
sys.stdout.buffer.write(points.tobytes())
"""


def _draco() -> ModuleType:
    try:
        import DracoPy
    except ImportError as error:
        raise RuntimeError(
            "codec 'draco' needs the package DracoPy, which is not installed; run pip install DracoPy, "
            "or use codec 'octree'"
        ) from error
    return DracoPy


def encode_draco(points: np.ndarray, bits: int) -> tuple[Lattice, bytes]:
    """The frame that takes Draco's unit cube to the points (n, 3), and Draco's stream.

    Draco computes in float32, so it is given the points from 0 to 1. Of points that are equal it keeps one.
    """
    draco = _draco()
    side = longest_side(points) or 1.0
    unit = ((points - points.min(0)) / side).astype(np.float32)
    stream = draco.encode(
        unit,
        quantization_bits=bits,
        compression_level=_MOST_EFFORT,
        quantization_range=1.0,
        quantization_origin=(0.0, 0.0, 0.0),
    )
    return Lattice(points.min(0), side), bytes(stream)


def draco_count(stream: bytes) -> int:
    """How many points a stream says that it has."""
    if stream[:5] != b"DRACO" or len(stream) < 15 or stream[5:9] != _START:
        raise CodecError("the stream is not a cloud of Draco 2.3: the file is damaged")
    return int.from_bytes(stream[11:15], "little")


def decode_draco(stream: bytes, n: int) -> np.ndarray:
    """The n points (n, 3) of a stream, in float64, in the order of Draco's tree."""
    _draco()
    if draco_count(stream) != n:
        raise CodecError(
            f"Draco's stream has {draco_count(stream):,} points and not {n:,}: the file is damaged"
        )
    bounds = str((_MEGABYTES << 20) + _BYTES_A_POINT * n), str(_SECONDS)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, *bounds],
            input=stream,
            capture_output=True,
            timeout=2 * _SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CodecError(f"Draco took more than {2 * _SECONDS} s over the stream") from None
    if done.returncode or len(done.stdout) != 12 * n:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2][:200]
        raise CodecError(f"Draco cannot decode its stream ({said or 'no reason given'}): the file is damaged")
    points = np.frombuffer(done.stdout, "<f4").reshape(n, 3).astype(np.float64)
    if not np.isfinite(points).all():
        raise CodecError("Draco's stream holds points that are not finite: the file is damaged")
    return points
