"""Clouds and weights by formula, on which the released codes were run."""

import json
import math
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tests.distances.reference import X, Y, Z

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "learned_losses.json").read_text(encoding="utf-8")
)


def batch(*clouds):
    return torch.from_numpy(np.stack(clouds))


def small():
    """Truth, perturbed truth and output of the golden numbers of CALoss."""
    truth = batch(X(40), Y(40))
    perturbed = batch(Z(40, 0.01), Y(40) + 0.01 * X(40))
    return truth, perturbed, batch(0.9 * X(40) + 0.05, 0.8 * Y(40) - 0.03)


def large():
    """Truth and output of the golden numbers of PCLoss."""
    return batch(X(256), Y(256)), batch(0.9 * X(256) + 0.05, 0.8 * Y(256) - 0.03)


def fill(network, numbers):
    """Gives the linear layers of a network, in order, the weights of these numbers."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    for layer, number in zip(layers, numbers, strict=True):
        outputs, inputs = layer.weight.shape
        a, b = torch.arange(inputs, dtype=torch.float64), torch.arange(outputs, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.sin(1 + a[None] + 2 * b[:, None] + number) / math.sqrt(inputs))
            layer.bias.copy_(0.1 * torch.cos(b + number))
    return network
