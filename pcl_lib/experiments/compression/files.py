"""One cloud to a real file and back, by any of the codecs, and what the bits were thought to be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from pcl_lib.codec import CodecModel, compress_cloud, decompress_cloud, read_model, write_model
from pcl_lib.models import DPCC, EntropyBottleneck


class Returned(NamedTuple):
    """What came back from a file: `points`, and of the file its `bytes`; of D-PCC the `bits` that its bottlenecks
    thought the latents to take, and how many points were `small`, of cubes that the grid had to code (0 else)."""

    points: Float[Tensor, "n 3"]
    bytes: int
    bits: float
    small: int


def as_model(network: DPCC) -> CodecModel:
    """A network as a decoder has it: out of its file, in float64."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.pclm"
        write_model(path, network, sizes={"width": 8, "hidden": 64}, provenance={})
        return read_model(path)


def through_a_file(
    points: Float[Tensor, "n 3"],
    codec: str,
    *,
    bits: int,
    patch: int = 4096,
    model: CodecModel | None = None,
) -> Returned:
    """Compress a cloud, look at the size of the file, and decompress that file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cloud.pclc"
        if model is None:
            compress_cloud(points, path, codec=codec, bits=bits, progress=False)
            return Returned(decompress_cloud(path, progress=False).points, os.path.getsize(path), 0.0, 0)
        with _told(model.network) as told:
            info = compress_cloud(
                points, path, codec=codec, bits=bits, patch=patch, model=model, progress=False
            )
        back = decompress_cloud(path, model=model, progress=False).points
        return Returned(back, os.path.getsize(path), sum(told), int(info.details["small"]))


@contextmanager
def _told(network: DPCC) -> Iterator[list[float]]:
    """The bits of all symbols that are asked of the bottlenecks of a network within, by their likelihoods."""
    told: list[float] = []
    parts = (network.bottleneck, network.coordinates.bottleneck)

    def counted(part: EntropyBottleneck, z: Tensor) -> Tensor:
        found: Tensor = EntropyBottleneck.symbols(part, z)
        told.append(-float(part.likelihoods(part.values(found)).log2().sum()))
        return found

    for part in parts:
        part.symbols = partial(counted, part)  # type: ignore[method-assign]
    try:
        yield told
    finally:
        for part in parts:
            del part.symbols
