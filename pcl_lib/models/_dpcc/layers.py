"""What every part of D-PCC is made of: two layers on each row, and the directions that children may lie in."""

from __future__ import annotations

import itertools

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

EPSILON = 1e-5  # of the norm, as in torch.nn.GroupNorm


class TwoLayers(nn.Module):
    r"""Two layers on each row of one cloud, with a norm over the whole cloud and ReLU between them.

    .. math:: y = W_2\, \mathrm{ReLU}\bigl( g \odot \tfrac{h - \mu}{\sqrt{\sigma^2 + 10^{-5}}} + b \bigr) + b_2,
              \qquad h = W_1 x + b_1

    The mean and the variance are those of all numbers of h, all rows and channels together (a group norm of one
    group), so that a row depends on its whole cloud.

    - `norm`: False leaves the norm out, and each row stands for itself, as in the decoder.

    Shapes: x (.., inputs), all its rows of one cloud, to (.., outputs). Initialisation: torch's defaults.
    Reference: he2022dpcc.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(TwoLayers(3, 64, 8)), parameter_count(TwoLayers(3, 64, 8, norm=False))
    (904, 776)
    """

    def __init__(self, inputs: int, hidden: int, outputs: int, *, norm: bool = True) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.gain = nn.Parameter(torch.ones(hidden)) if norm else None
        self.shift = nn.Parameter(torch.zeros(hidden)) if norm else None
        self.second = nn.Linear(hidden, outputs)

    def forward(self, x: Float[Tensor, "*n i"]) -> Float[Tensor, "*n o"]:
        h = self.first(x)
        if self.gain is not None and self.shift is not None:
            h = torch.addcmul(self.shift, F.layer_norm(h, h.shape, eps=EPSILON), self.gain)
        made: Tensor = self.second(F.relu(h))
        return made


def directions() -> Float[Tensor, "43 3"]:
    """The zero vector and the 42 corners of an icosahedron whose edges are halved, on the unit sphere, in float64.

    They lie in the order of their coordinates before those of the halved edges are brought onto the sphere: the order
    of the release, which a weight file relies on. Reference: he2022dpcc.

    >>> d = directions()
    >>> d.shape, d[20].round(decimals=4).tolist()
    (torch.Size([43, 3]), [0.0, -0.5257, 0.8507])
    """
    golden = (1 + 5**0.5) / 2
    corners = [np.roll((0.0, a, b), turn) for a in (-1, 1) for b in (-golden, golden) for turn in range(3)]
    solid = np.stack(corners) / np.hypot(1, golden)
    edge = 2 / np.hypot(1, golden)
    middles = [
        (p + q) / 2 for p, q in itertools.combinations(solid, 2) if np.linalg.norm(p - q) < 1.01 * edge
    ]
    points = np.concatenate([solid, middles])
    # Rounded, so that the last bit of a coordinate does not decide; + 0.0 makes of -0.0 what equals it.
    points = points[np.lexsort((points.round(9) + 0.0).T[::-1])]
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    return torch.from_numpy(np.concatenate([np.zeros((1, 3)), unit + 0.0]))
