"""Nearest neighbours by KeOps: all distances, none stored, in a compiled kernel (CPU or CUDA).

On CUDA, KeOps works on the default stream: inside `torch.cuda.stream(...)`, synchronise before and after.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pcl_lib._quiet import import_quietly
from pcl_lib.neighbors._pairs import take

# KeOps counts points in the type of the clouds, and float32 has all whole numbers only up to 2**24.
MOST_POINTS = {torch.float32: 1 << 23}


def available(device: torch.device) -> bool:
    """Whether KeOps runs on `device`: it is installed, and a first, tiny reduction succeeded (tried once a process)."""
    return _obstacle(device) is None


def check(device: torch.device) -> None:
    """Raise `RuntimeError` with the reason and the fix when KeOps cannot run on `device`."""
    if obstacle := _obstacle(device):
        raise RuntimeError(f'backend="keops" {obstacle}, or use backend="auto"')


def _obstacle(device: torch.device) -> str | None:
    if importlib.util.find_spec("pykeops") is None:
        return "needs KeOps: pip install pykeops"
    return _first_reduction(str(device))


@lru_cache(maxsize=16)
def _first_reduction(device: str) -> str | None:
    """None if a reduction on the device succeeds, else what to do about it. A success is the kernel of `nearest` in
    three dimensions, compiled."""
    kind = torch.device(device).type
    try:
        pykeops = import_quietly("pykeops")
        # Without its CUDA, KeOps would hand addresses on the GPU to code for the CPU, which ends the process.
        if kind == "cuda" and not pykeops.config.gpu_available:
            return (
                "on CUDA needs the CUDA toolkit (cuda.h, nvrtc.h and the libraries cuda, nvrtc and cudart), which "
                "KeOps did not find: install it and set CUDA_PATH"
            )
        # With it, it may still take half of another CUDA than torch's; that ends a process too, so not this one.
        if kind == "cuda" and (failure := _failure_elsewhere(device)):
            return _advice(kind, failure)
        right = reduces(device)
    except Exception as error:  # noqa: BLE001  # whatever its files, the compiler, the loader or the driver raised
        return _advice(kind, f"{type(error).__name__}: {error}")
    return None if right else _advice(kind, "wrong result")


def reduces(device: str) -> bool:
    """Whether the nearest of two equal points is found to be the first: a reduction that says if KeOps works."""
    corner = torch.zeros(1, 2, 3, device=device)
    return bool(_argmin(corner, corner, 1).tolist() == [[[0], [0]]])


_ELSEWHERE = "import sys; from pcl_lib.neighbors import _keops; sys.exit(not _keops.reduces(sys.argv[1]))"


def _failure_elsewhere(device: str) -> str | None:
    """What happens to a process of its own that tries a reduction: None if all is well."""
    path = os.pathsep.join(place for place in sys.path if place)
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, device],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    if done.returncode < 0:
        return f"it ended a process that tried it, {signal.Signals(-done.returncode).name}"
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["wrong result"])[-1]


def _advice(kind: str, failure: str) -> str:
    if kind == "cuda":
        return f"failed in its first reduction on CUDA ({failure}): see whether the CUDA toolkit is whole"
    if _compiler() is None:
        return "on a CPU needs a C++ compiler and found none on the PATH: install g++ (or set CXX)"
    if not _writable(_folder()):
        return f"cannot write its compiled code to {_folder()}: set KEOPS_CACHE_FOLDER to a folder that can be written"
    return f"failed in its first reduction ({failure}): see whether the C++ compiler {_compiler()} works"


def _compiler() -> str | None:
    return shutil.which(os.environ.get("CXX") or "g++") or shutil.which("g++") or shutil.which("clang++")


def _folder() -> Path:
    return Path(os.environ.get("KEOPS_CACHE_FOLDER") or Path.home() / ".cache")


def _writable(folder: Path) -> bool:
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    return existing.is_dir() and os.access(existing, os.W_OK)


def search(x: Tensor, y: Tensor, k: int) -> Tensor:
    """Index (B, N, k) of the k nearest points of y (B, M, D) to each of x (B, N, D), nearest first."""
    (clouds, m), most = y.shape[:2], MOST_POINTS.get(y.dtype, y.shape[0] * y.shape[1])
    if clouds * m <= most:
        return _argmin(x, y, k)
    if clouds > 1:
        step = max(1, most // m)
        return torch.cat([search(a, b, k) for a, b in zip(x.split(step), y.split(step), strict=True)])
    # The k nearest of each part, and of those the k nearest.
    near, start = [], 0
    for part in y.chunk(-(-m // most), dim=1):
        near.append(_argmin(x, part, min(k, part.shape[1])) + start)
        start += part.shape[1]
    index = torch.cat(near, dim=-1)
    sq_dist = (x[:, :, None] - take(y, index)).square_().sum(-1)
    return index.gather(-1, sq_dist.topk(k, dim=-1, largest=False).indices)


def search_any(x: Tensor, y: Tensor, k: int) -> Tensor:
    """As `search`, for a k that changes from call to call, which KeOps would compile anew each time: a power of two
    is searched for, and cut."""
    compiled = 1 << (k - 1).bit_length()
    if compiled > y.shape[1]:
        far = y.new_full((y.shape[0], compiled - y.shape[1], y.shape[2]), torch.inf)
        y = torch.cat([y, far], dim=1)
    return search(x, y, compiled)[..., :k]


def search_each_way(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Index (B, N, 1) of the nearest point of y to each of x, and (B, M, 1) of x to each of y."""
    return search(x, y, 1), search(y, x, 1)


def count_within(x: Tensor, y: Tensor, sq_radius: float) -> Tensor:
    """Number (B, N) of points of y at squared distance at most `sq_radius` from each point of x."""
    m = y.shape[1]
    most = MOST_POINTS.get(y.dtype, m)
    count = torch.zeros(x.shape[:2], dtype=torch.int64, device=x.device)
    for part in y.chunk(-(-m // most), dim=1):
        inside = (sq_radius - _square_distances(x, part)).step()
        found = inside.sum(dim=inside.dim() - 2, backend=_place(x))
        count += found.reshape(count.shape).round().long()
    return count


def two_cheapest(x: Tensor, y: Tensor, price: Tensor, squared: bool) -> tuple[Tensor, Tensor, Tensor]:
    """For each point of x (N, D): index (N,) of the cheapest point of y (M, D), its cost, the second lowest cost.

    The cost of a point is its distance, or squared distance, plus its price (M,).
    """
    LazyTensor = _lazy_tensor()
    square = _square_distances(x[None], y[None])
    total = (square if squared else square.sqrt()) + LazyTensor(price[None, :, None].contiguous())
    least, where = total.Kmin_argKmin(2, dim=1, backend=_place(x))
    return where[:, 0], least[:, 0], least[:, 1]


def _argmin(x: Tensor, y: Tensor, k: int) -> Tensor:
    squares = _square_distances(x, y)
    return squares.argKmin(k, dim=squares.dim() - 2, backend=_place(x)).reshape(*x.shape[:2], k)


def _place(x: Tensor) -> str:
    # By name: left to itself KeOps goes by what it found at its import, not by where the clouds are.
    return "GPU" if x.is_cuda else "CPU"


def _square_distances(x: Tensor, y: Tensor) -> Any:
    """(B, N, M, 1) between x (B, N, D) and y (B, M, D). Of one cloud (N, M, 1): for a batch, even of one, KeOps on a
    GPU takes a slower kernel, and waits for tables of where each cloud begins."""
    LazyTensor = _lazy_tensor()
    if len(x) == 1:
        x, y = x[0], y[0]
    x_i = LazyTensor(x[..., :, None, :].contiguous())
    y_j = LazyTensor(y[..., None, :, :].contiguous())
    return ((x_i - y_j) ** 2).sum(-1)


def _lazy_tensor() -> Any:
    return import_quietly("pykeops.torch").LazyTensor  # compiles on first use, so only when asked for
