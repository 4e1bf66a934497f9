"""A data set of clouds as one file: the weights of a NeuralQAAD, its input cloud, and a code for each cloud."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import check_integer, check_option, check_positive
from pcl_lib.codec._container import read_container, write_container
from pcl_lib.codec._errors import CodecError
from pcl_lib.codec._quantised import PRECISIONS, packed, unpacked
from pcl_lib.codec._set_names import check_names, packed_names, unpacked_names
from pcl_lib.codec._set_network import network_of
from pcl_lib.models import NeuralQAAD

KIND = "pcld"
_AT_ONCE = 1 << 24  # numbers in one layer while a cloud is made
_FAR = 32  # half sides from the origin, up to which float32 keeps 1e-6 of the longest side


class SetInfo(NamedTuple):
    """What a file of a data set holds.

    - `shapes`, `points`: how many clouds, and how many points each of them has.
    - `weights`: of the network, without its codes and input cloud.
    - `bytes`: the size of the file. `ratio`: of the bytes of the clouds in float32 to it.
    - `code_size`, `patches`, `precision`, `centre`, `scale`: as in `learn_set` and `compress_set`.
    """

    shapes: int
    points: int
    code_size: int
    patches: int
    weights: int
    precision: str
    centre: tuple[float, float, float]
    scale: float
    bytes: int
    ratio: float


class StoredSet(NamedTuple):
    """A data set that was read from a file: its `names`, its `info`, and the `model` that makes its clouds."""

    names: tuple[str, ...]
    info: SetInfo
    model: NeuralQAAD

    def points(self, index: int) -> Float[Tensor, "n 3"]:
        """The points of cloud `index`, in their own units; float64 where float32 would lose their digits."""
        index = check_integer("index", index, 0, self.info.shapes - 1, hint=", the row of the cloud")
        chunk = max(1, _AT_ONCE // max(_widths(self.model)))
        made = self.model.reconstruct(self.model.codes.weight[index : index + 1], chunk=chunk)[0].double()
        centre = torch.tensor(self.info.centre, dtype=torch.float64, device=made.device)
        far = max(map(abs, self.info.centre)) + self.info.scale > _FAR * self.info.scale
        placed = (centre + self.info.scale * made).to(torch.float64 if far else torch.float32)
        if not bool(placed.isfinite().all()):
            raise CodecError(f"damaged: the points of {self.names[index]} are not finite")
        return placed


def compress_set(
    model: NeuralQAAD,
    path: str | Path,
    *,
    names: Sequence[str],
    centre: Sequence[float] = (0.0, 0.0, 0.0),
    scale: float = 1.0,
    precision: str = "float16",
) -> SetInfo:
    r"""Write a trained network as the file (.pcld) of the data set that it was trained on.

    .. math:: x_s = c + h \, f(Q, z_s)

    Everything that makes the clouds goes into the file, the input cloud Q too.

    - `names`: of the clouds, one for each code, as paths below a folder ("anna/smile"), no two alike.
    - `centre` c (3 numbers), `scale` h: where the clouds lay before they were moved to [-1, 1]; one for all.
    - `precision` of every array: "float32"; "float16"; or "uint8", 256 equal steps from the least to the largest number
      of the array, so that a number is at most 1/510 of this range off.

    Returns a `SetInfo`. Its ratio is 12 S N / bytes of the file: trained weights, codes and input cloud, names and
    header are counted. Cost: O(numbers) time and memory. Errors: `ValueError` for numbers that are not finite or too
    large for the precision, names that are no paths, no distinct ones or not as many as codes, an affine map that is
    none. Reference: neuralqaad2022.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "four.pcld"
    >>> model = NeuralQAAD(4, 2048, 10, 16)
    >>> info = compress_set(model, path, names=["a", "b", "c", "d"], precision="uint8")
    >>> info.weights, round(info.bytes / (info.weights + 4 * 10 + 3 * 2048), 2)
    (203008, 1.0)
    """
    check_option("precision", precision, PRECISIONS)
    check_positive("scale", scale)
    place = tuple(float(value) for value in centre)
    if len(place) != 3 or not all(map(math.isfinite, place)):
        raise ValueError(f"centre must be 3 finite numbers, received {centre!r}")
    names = check_names(names, model.codes.num_embeddings)
    numbers = {key: value.detach().cpu().float().numpy() for key, value in model.state_dict().items()}
    header = {"precision": precision, "centre": place, "scale": float(scale)}
    arrays = packed(numbers, precision) | {"names": packed_names(names)}
    return _info(model, header, write_container(path, KIND, header, arrays))


def read_set(path: str | Path) -> StoredSet:
    """Read the file of a data set, to make its clouds one at a time.

    - `path`: of the file (.pcld).

    Cost: O(bytes of the file) time and memory; `.points(index)` makes one cloud, O(N) of each. Errors: `CodecError`
    for whatever is not such a file, see `read_container`; `OSError`.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "two.pcld"
    >>> _ = compress_set(NeuralQAAD(2, 64, 4, 2), path, names=["a", "b"], centre=(100.0, 0.0, 0.0), scale=10.0)
    >>> stored = read_set(path)
    >>> stored.names, stored.points(1).shape
    (('a', 'b'), torch.Size([64, 3]))
    """
    header, arrays = read_container(path, KIND)
    stream = arrays.pop("names", None)
    try:
        _check_header(header)
        model = network_of(unpacked(arrays, header["precision"]))
        names = unpacked_names(stream, model.codes.num_embeddings)
    except CodecError as error:
        raise CodecError(f"{path}: {error}") from error
    return StoredSet(names, _info(model, header, Path(path).stat().st_size), model)


def decompress_set(path: str | Path, index: int | None = None) -> Float[Tensor, "*s n 3"]:
    """The clouds of a compressed data set, in their own units.

    - `path`: of the file (.pcld). `index`: of one cloud, from 0.

    Shapes: (S, N, 3), or (N, 3) with an index. float32, or float64 where float32 would lose digits. The same numbers
    on every machine, but for the rounding of float32. Cost: that of S passes of the network over N points, one after
    the other. Errors: `CodecError`, see `read_set`; `ValueError` for an index that there is not.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "two.pcld"
    >>> _ = torch.manual_seed(0)
    >>> model = NeuralQAAD(2, 64, 4, 2)
    >>> _ = compress_set(model, path, names=["a", "b"], scale=10.0, precision="float32")
    >>> made = model(model.codes(torch.tensor([1])))
    >>> torch.allclose(decompress_set(path, 1), 10 * made[0], atol=1e-4)
    True
    """
    stored = read_set(path)
    if index is not None:
        return stored.points(index)
    return torch.stack([stored.points(row) for row in range(stored.info.shapes)])


def _widths(model: NeuralQAAD) -> list[int]:
    return [weight.shape[1] for name, weight in model.named_parameters() if name.endswith(".weight")]


def _info(model: NeuralQAAD, header: dict[str, Any], size: int) -> SetInfo:
    codes, (points, _) = model.codes, model.input_cloud.shape
    return SetInfo(
        shapes=codes.num_embeddings,
        points=points,
        code_size=codes.embedding_dim,
        patches=model.patches,
        weights=model.network_weights,
        precision=header["precision"],
        centre=tuple(header["centre"]),
        scale=header["scale"],
        bytes=size,
        ratio=12 * codes.num_embeddings * points / size,
    )


def _check_header(header: dict[str, Any]) -> None:
    match header:
        case {
            "precision": str() as precision,
            "centre": [float(), float(), float()],
            "scale": float() as scale,
        }:
            if len(header) == 3 and precision in PRECISIONS and scale > 0:
                return
    raise CodecError("damaged: its header is not that of a data set")
