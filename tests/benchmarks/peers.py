"""Nearest neighbours by other libraries, each in the simplest way that its user would write it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import inf

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from pcl_lib.neighbors.building_blocks import keops
from tests.benchmarks.measure import Answer, Peer

# Index (.., N, k) of the k nearest points of y (.., M, D) to each of x (.., N, D).
Search = Callable[[Tensor, Tensor, int], Tensor]

TREE = {"cpu": inf}
KEOPS = {"cpu": 2**28, "cuda": inf}
CDIST = {"cpu": 2**27, "cuda": 2**32}


def _pykdtree(x: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    from pykdtree.kdtree import KDTree

    return KDTree(y).query(x, k=k)[1]


def _scipy(x: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    return cKDTree(y).query(x, k=k, workers=-1)[1]


def _point_cloud_utils(x: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    import point_cloud_utils

    threads = torch.get_num_threads()
    try:
        return point_cloud_utils.k_nearest_neighbors(x, y, k)[1]
    finally:
        torch.set_num_threads(threads)  # of large clouds it leaves the whole process with one


def _nanoflann(x: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    import pynanoflann

    tree = pynanoflann.KDTree(n_neighbors=k)
    tree.fit(y)
    return tree.kneighbors(x, n_jobs=torch.get_num_threads())[1]


def by_fpsample(chosen: int) -> Callable[[Tensor, Tensor], Tensor]:
    """Its bucket method, in trees as high as its authors advise; a thread for each core, where there are many clouds.

    It counts `start_idx` in an order of its own, so that it starts elsewhere.
    """

    def job(x: Tensor, y: Tensor) -> Tensor:
        from fpsample import bucket_fps_kdline_sampling

        def one(cloud: np.ndarray) -> np.ndarray:
            height = 3 if len(cloud) < 4096 else 5 if len(cloud) < 32_768 else 7
            return bucket_fps_kdline_sampling(cloud, chosen, h=height, start_idx=0).astype(np.int64)

        if x.ndim == 2:
            return torch.from_numpy(one(x.numpy()))
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            return torch.from_numpy(np.stack(list(pool.map(one, x.numpy()))))

    return job


def _small_gicp(x: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    import small_gicp

    threads = torch.get_num_threads()
    return small_gicp.KdTree(y, num_threads=threads).batch_knn_search(x, k, num_threads=threads)[0]


def _each_cloud(search: Callable[[np.ndarray, np.ndarray, int], np.ndarray]) -> Search:
    """The search of a library that knows numpy arrays of one cloud."""

    def one(x: np.ndarray, y: np.ndarray, k: int) -> Tensor:
        return torch.from_numpy(search(x, y, k).astype(np.int64, copy=False).reshape(len(x), k))

    def every(x: Tensor, y: Tensor, k: int) -> Tensor:
        a, b = x.detach().numpy(), y.detach().numpy()
        if x.ndim == 2:
            return one(a, b, k)
        return torch.stack([one(*pair, k) for pair in zip(a, b, strict=True)])

    return every


def _keops(x: Tensor, y: Tensor, k: int) -> Tensor:
    from pykeops.torch import LazyTensor

    x, y = x.detach(), y.detach()
    squares = ((LazyTensor(x.unsqueeze(-2)) - LazyTensor(y.unsqueeze(-3))) ** 2).sum(-1)
    axis = x.ndim - 1
    return squares.argmin(axis) if k == 1 else squares.argKmin(k, dim=axis)


# Name: the search, the module that it needs, how far it reaches.
SEARCHES: dict[str, tuple[Search, str, dict[str, float]]] = {
    "pykdtree": (_each_cloud(_pykdtree), "pykdtree", TREE),
    "scipy": (_each_cloud(_scipy), "scipy", TREE),
    "point-cloud-utils": (_each_cloud(_point_cloud_utils), "point_cloud_utils", TREE),
    "nanoflann": (_each_cloud(_nanoflann), "pynanoflann", TREE),
    "small_gicp": (
        _each_cloud(_small_gicp),
        "small_gicp",
        TREE,
    ),  # in 3-D alone, as all the races of a search are
    "KeOps": (_keops, "pykeops", KEOPS),
}


def by_search(job: Callable[[Search, Tensor, Tensor], Answer]) -> dict[str, Peer]:
    """The job around the search of each library."""

    def around(search: Search) -> Callable[[Tensor, Tensor], Answer]:
        return lambda x, y: job(search, x, y)

    return {
        name: Peer(around(search), module, reach)
        for name, (search, module, reach) in SEARCHES.items()
        # On a GPU whose CUDA it does not know, KeOps ends the process, and with it the races.
        if name != "KeOps" or not torch.cuda.is_available() or keops.available(torch.device("cuda", 0))
    }


def by_cdist(job: Callable[[Tensor, Tensor], Answer]) -> dict[str, Peer]:
    """The job on a matrix of all lengths. Its expansion of the square costs digits, hence the wide tolerance."""
    return {"torch.cdist": Peer(job, "torch", CDIST, tolerance=0.05)}


def squares(x: Tensor, y: Tensor, index: Tensor) -> Tensor:
    """Squared length (.., N, k) from each point of x to the points of y that `index` (.., N, k) names."""
    if x.ndim == 2:
        found = y[index]
    else:
        flat = index.reshape(len(x), -1, 1).expand(-1, -1, x.shape[-1])
        found = y.gather(1, flat).reshape(*index.shape, x.shape[-1])
    return ((x.unsqueeze(-2) - found) ** 2).sum(-1)
