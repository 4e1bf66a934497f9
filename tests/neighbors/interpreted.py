"""The kernels of Triton on a CPU: its interpreter, in a process of its own since it must be asked for before Triton is
imported."""

import importlib.util
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib import metadata
from multiprocessing import get_context

import numpy as np
import pytest
import torch
from packaging.version import Version

from tests.unavailable import unavailable


@contextmanager
def interpreter() -> Iterator[Callable[..., np.ndarray]]:
    """`run(function, ...)` of this file's functions, in the process of the interpreter."""
    if importlib.util.find_spec("triton") is None:
        unavailable("Triton is not installed")
    if Version(metadata.version("triton")) < Version("3.7"):
        pytest.skip("the interpreter of this version of Triton fails with numpy 2.4 and later")
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_interpret) as pool:
        yield lambda function, *arguments: pool.submit(function, *arguments).result()


def _interpret() -> None:
    os.environ["TRITON_INTERPRET"] = "1"
    torch.set_num_threads(1)
    np.seterr(invalid="ignore")  # clouds that are not finite are a part of the tests


def search(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    from pcl_lib.neighbors.building_blocks import triton

    return triton.search(torch.from_numpy(x), torch.from_numpy(y), 1).numpy()


def search_each_way(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from pcl_lib.neighbors.building_blocks import triton

    forward, backward = triton.search_each_way(torch.from_numpy(x), torch.from_numpy(y))
    return forward.numpy(), backward.numpy()


def search_of_views(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The same of clouds that do not lie in memory as they are read: each axis a row, every second cloud a gap."""
    from pcl_lib.neighbors.building_blocks import triton

    x, y = (torch.from_numpy(cloud).repeat_interleave(2, 0).mT.contiguous().mT[::2] for cloud in (x, y))
    assert not x.is_contiguous()
    return triton.search(x, y, 1).numpy()


def farthest(x: np.ndarray, m: int, start: int, in_registers: int) -> np.ndarray:
    """`in_registers`: up to how many points the kernel that keeps them there is taken."""
    from pcl_lib.neighbors.building_blocks import triton

    triton._IN_REGISTERS = in_registers
    return triton.farthest(torch.from_numpy(x), m, start).numpy()
