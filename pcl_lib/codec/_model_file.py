"""A trained D-PCC as a file: sizes, weights in float32, the integer tables of its range coder, and where it is from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from pcl_lib.codec._container import read_container, write_container
from pcl_lib.codec._errors import CodecError
from pcl_lib.codec._integer_tables import tables_from_arrays, tables_to_arrays
from pcl_lib.models import DPCC, IntegerTables

KIND = "pclm"
PARTS = ("features", "coordinates")  # the two bottlenecks
_LARGEST = {"width": 64, "hidden": 512, "candidates": 16, "k": 256}
_MOST_LAYERS = 5
_TABLES = ("_lowest", "_counts")  # buffers of a bottleneck; the file has them as arrays of its own


class CodecModel(NamedTuple):
    """A network ready to code: in float64, with its tables, and the checksum that a compressed cloud names."""

    network: DPCC
    features: IntegerTables
    coordinates: IntegerTables
    checksum: str
    provenance: Mapping[str, Any]


def write_model(
    path: str | Path, network: DPCC, *, sizes: Mapping[str, Any], provenance: Mapping[str, Any]
) -> int:
    """Write a trained network as a file that `compress_cloud` and `decompress_cloud` take; its size in bytes.

    - `path`: what is there is replaced.
    - `network`: both its bottlenecks with tables of their own (`EntropyBottleneck.update`).
    - `sizes`: the arguments that make such a network, `width` and `hidden` among them.
    - `provenance`: what JSON can hold: data, seed, steps, weight of the rate, versions.

    Weights are stored in float32, 4 bytes each. Errors: `RuntimeError` before `update()`, `ValueError` for sizes of
    another network. Reference: he2022dpcc.

    >>> import tempfile
    >>> _ = torch.manual_seed(0)
    >>> network = DPCC(8, 8)
    >>> for part in (network.bottleneck, network.coordinates.bottleneck):
    ...     part.fit_quantiles()
    ...     _ = part.update()
    >>> path = Path(tempfile.mkdtemp()) / "small.pclm"
    >>> size = write_model(path, network, sizes={"width": 8, "hidden": 8}, provenance={"steps": 0})
    >>> size == path.stat().st_size, read_model(path).provenance
    (True, {'steps': 0})
    """
    weights = _weights(network)
    like = _made(sizes)
    if {key: v.shape for key, v in _weights(like).items()} != {key: v.shape for key, v in weights.items()}:
        raise ValueError(f"sizes must be those of the network, received {dict(sizes)}")
    flat = torch.cat([w.detach().cpu().float().flatten() for w in weights.values()]).numpy()
    arrays: dict[str, np.ndarray | bytes] = {"weights": flat}
    tables = network.bottleneck.tables, network.coordinates.bottleneck.tables
    for part, table in zip(PARTS, tables, strict=True):
        arrays |= {f"{part} {name}": array for name, array in tables_to_arrays(table).items()}
    return write_container(path, KIND, {"sizes": dict(sizes), "provenance": dict(provenance)}, arrays)


def read_model(path: str | Path | None = None) -> CodecModel:
    """The network of a file that `write_model` wrote, in float64.

    - `path`: None for the model that ships with the library.

    Nothing is unpickled; sizes are bounded before a network is made. Errors: `CodecError` for a file that is foreign,
    of another kind, damaged, or not a network of this library; `OSError` where there is none.
    """
    path = shipped() if path is None else path
    header, arrays = read_container(path, KIND)
    try:
        sizes = _checked_sizes(header.get("sizes"))
        weights = arrays.get("weights")
        if not isinstance(weights, np.ndarray) or weights.dtype != np.float32 or weights.ndim != 1:
            raise CodecError("damaged: it has no weights")
        if not np.isfinite(weights).all():
            raise CodecError("damaged: its weights are not finite")
        network = _filled(sizes, weights)
        features, coordinates = (_tables_of(arrays, part) for part in PARTS)
    except (CodecError, ValueError) as error:
        raise CodecError(f"{path}: {error}") from error
    if any(len(table.counts) != network.width for table in (features, coordinates)):
        raise CodecError(f"{path}: damaged: its tables are not of {network.width} channels")
    digest = hashlib.blake2b(json.dumps(sizes, sort_keys=True).encode(), digest_size=8)
    for name in sorted(arrays):
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    provenance = header.get("provenance")
    provenance = provenance if isinstance(provenance, dict) else {}
    return CodecModel(network, features, coordinates, digest.hexdigest(), provenance)


def shipped() -> Path:
    """The model that ships with the library."""
    path = Path(str(resources.files("pcl_lib.codec").joinpath("shipped/dpcc.pclm")))
    if not path.is_file():
        raise FileNotFoundError(
            "no model ships with this version of the library; pass model= with a file of kind pclm"
        )
    return path


def _weights(network: nn.Module) -> dict[str, torch.Tensor]:
    return {key: v for key, v in network.state_dict().items() if not key.endswith(_TABLES)}


def _tables_of(arrays: Mapping[str, np.ndarray | bytes], part: str) -> IntegerTables:
    found = {
        name: value
        for name in ("lowest", "sizes", "counts")
        if isinstance(value := arrays.get(f"{part} {name}"), np.ndarray)
    }
    return tables_from_arrays(found)


def _checked_sizes(sizes: object) -> dict[str, Any]:
    """Sizes of a network that takes little memory to make."""
    if not isinstance(sizes, dict) or not set(sizes) <= {*_LARGEST, "rates", "embeddings"}:
        raise CodecError("damaged: its sizes are not those of a D-PCC")
    for name, most in _LARGEST.items():
        if name in sizes and not (type(sizes[name]) is int and 1 <= sizes[name] <= most):
            raise CodecError(f"damaged: {name} of its network is not an integer from 1 to {most}")
    rates = sizes.get("rates", [])
    if not isinstance(rates, list) or len(rates) > _MOST_LAYERS or not all(type(r) is float for r in rates):
        raise CodecError("damaged: the rates of its network are not a few numbers")
    embeddings = sizes.get("embeddings", [])
    if not isinstance(embeddings, list) or not all(isinstance(name, str) for name in embeddings):
        raise CodecError("damaged: the embeddings of its network are not names")
    return sizes


def _filled(sizes: dict[str, Any], weights: np.ndarray) -> DPCC:
    network = _made(sizes)
    shapes = {key: value.shape for key, value in _weights(network).items()}
    if sum(shape.numel() for shape in shapes.values()) != len(weights):
        raise CodecError(f"damaged: it has {len(weights):,} weights, which are not those of its network")
    parts = torch.from_numpy(weights).split([shape.numel() for shape in shapes.values()])
    state = {key: part.reshape(shape) for (key, shape), part in zip(shapes.items(), parts, strict=True)}
    network.load_state_dict(state, strict=False)
    network = network.double().eval().requires_grad_(False)
    for name, buffer in network.named_buffers():
        if name.endswith("directions"):  # made in the default dtype of the process, which must not matter
            buffer.copy_(buffer.float())
    return network


def _made(sizes: Mapping[str, Any]) -> DPCC:
    """A network of these sizes on the CPU; its start, which is overwritten, is no draw of the caller's."""
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        return DPCC(**sizes)
