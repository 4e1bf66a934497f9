"""The network of a data set from the arrays of a file, whose sizes alone say what it is."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import torch

from pcl_lib.codec._errors import CodecError
from pcl_lib.models import NeuralQAAD

_MOST_LAYERS = 64


def network_of(numbers: Mapping[str, np.ndarray]) -> NeuralQAAD:
    """The NeuralQAAD with these parameters, by their names in it.

    No size is taken from anything but the shape of an array that is there, and the shapes have to fit each other before
    a network is made: it is no larger than the arrays. Errors: `CodecError`.
    """
    shapes = {name: values.shape for name, values in numbers.items()}
    codes, points = shapes.get("codes.weight", ()), shapes.get("input_cloud", ())
    trunk, heads = _widths(shapes, "trunk"), _widths(shapes, "heads")
    patches = shapes.get("heads.linear.0.weight", (0,))[0]
    if len(codes) != 2 or len(points) != 2 or points[1] != 3 or not heads or heads[-1] != 3:
        raise CodecError("damaged: it lacks a part of its network")
    if min(*codes, points[0], patches, *trunk, *heads) < 1 or points[0] % patches:
        raise CodecError("damaged: sizes of its network are 0, or its patches do not divide its points")
    bias = "heads.linear.0.bias" in shapes
    joined = 3 + codes[1]
    made = shapes["heads.linear.0.weight"][2]
    again = bool(trunk) and made == trunk[-1] + 3
    expected: dict[str, tuple[int, ...]] = {"codes.weight": codes, "input_cloud": points}
    expected |= _layers("trunk", 1, (joined, *trunk), bias)
    expected |= _layers("heads", patches, (made if again else trunk[-1] if trunk else joined, *heads), bias)
    if shapes != expected:
        raise CodecError("damaged: the shapes of its network do not fit each other")
    with torch.random.fork_rng(devices=[]):  # the weights that are drawn here are not kept
        model = NeuralQAAD(
            codes[0], points[0], codes[1], patches, trunk=trunk, heads=heads, bias=bias, join_again=again,
            cut="given", start=torch.zeros(points),
        )  # fmt: skip
    model.load_state_dict({name: torch.from_numpy(values) for name, values in numbers.items()})
    return model.eval()


def _widths(shapes: Mapping[str, tuple[int, ...]], part: str) -> tuple[int, ...]:
    """What the layers of a part make."""
    widths: list[int] = []
    for layer in range(_MOST_LAYERS):
        shape = shapes.get(f"{part}.linear.{layer}.weight")
        if shape is None:
            break
        if len(shape) != 3:
            raise CodecError("damaged: a layer of its network has not three axes")
        widths.append(shape[1])
    return tuple(widths)


def _layers(part: str, patches: int, sizes: tuple[int, ...], bias: bool) -> dict[str, tuple[int, ...]]:
    """The shapes of the parameters of layers between these sizes."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        shapes[f"{part}.linear.{layer}.weight"] = (patches, outputs, inputs)
        if bias:
            shapes[f"{part}.linear.{layer}.bias"] = (patches, outputs, 1)
    return shapes
