"""The same job done with other libraries, each in the simplest way that its user would write it.

The job: the squared mean Chamfer distance, both directions added, of x (N, D) and y (M, D), or of a batch of them
and then averaged, as a scalar tensor that torch can differentiate with respect to both clouds.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]


def _from_search(search: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Loss:
    """Chamfer by torch autograd around a library's search of the nearest point of y to each of x."""

    def one(x: Tensor, y: Tensor) -> Tensor:
        a, b = x.detach().numpy(), y.detach().numpy()
        there, back = torch.from_numpy(search(a, b)), torch.from_numpy(search(b, a))
        return ((x - y[there]) ** 2).sum(-1).mean() + ((y - x[back]) ** 2).sum(-1).mean()

    def loss(x: Tensor, y: Tensor) -> Tensor:
        if x.ndim == 2:
            return one(x, y)
        return torch.stack([one(a, b) for a, b in zip(x, y, strict=True)]).mean()

    return loss


def _pykdtree(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    from pykdtree.kdtree import KDTree

    return KDTree(y).query(x)[1].astype(np.int64)


def _scipy(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return cKDTree(y).query(x, workers=-1)[1]


def _point_cloud_utils(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    import point_cloud_utils

    return point_cloud_utils.k_nearest_neighbors(x, y, 1)[1].reshape(-1)


def _nanoflann(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    import pynanoflann

    tree = pynanoflann.KDTree(n_neighbors=1)
    tree.fit(y)
    return tree.kneighbors(x, n_jobs=torch.get_num_threads())[1].reshape(-1).astype(np.int64)


def _cdist(x: Tensor, y: Tensor) -> Tensor:
    distances = torch.cdist(x, y)
    return (distances.min(-1).values ** 2).mean() + (distances.min(-2).values ** 2).mean()


def _keops(x: Tensor, y: Tensor) -> Tensor:
    from pykeops.torch import LazyTensor

    n_axis = x.ndim - 2
    squares = ((LazyTensor(x.unsqueeze(-2)) - LazyTensor(y.unsqueeze(-3))) ** 2).sum(-1)
    there, back = squares.argmin(n_axis + 1), squares.argmin(n_axis)
    gap_x = x - y.gather(n_axis, there.expand(x.shape))
    gap_y = y - x.gather(n_axis, back.expand(y.shape))
    return (gap_x**2).sum(-1).mean() + (gap_y**2).sum(-1).mean()


# Name: the loss, the module it needs, the largest number of point pairs B N M worth waiting for on a CPU.
_CPU = {
    "pykdtree + autograd": (_from_search(_pykdtree), "pykdtree", None),
    "scipy cKDTree + autograd": (_from_search(_scipy), "scipy", None),
    "point-cloud-utils + autograd": (_from_search(_point_cloud_utils), "point_cloud_utils", None),
    "nanoflann + autograd": (_from_search(_nanoflann), "pynanoflann", None),
    "KeOps by hand": (_keops, "pykeops", 2**28),
    "torch.cdist by hand": (_cdist, "torch", 2**27),
}
_CUDA = {
    "KeOps by hand": (_keops, "pykeops", None),
    "torch.cdist by hand": (_cdist, "torch", 2**32),
}


def available(device: torch.device, pairs: int) -> dict[str, Loss]:
    """The peers that are installed here and that finish a problem of this many point pairs."""
    candidates = _CUDA if device.type == "cuda" else _CPU
    return {
        name: loss
        for name, (loss, module, limit) in candidates.items()
        if importlib.util.find_spec(module) and (limit is None or pairs <= limit)
    }
