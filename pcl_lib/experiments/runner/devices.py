"""Where an experiment runs: the device by name, what it calls itself, and how many threads it gets."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from pcl_lib._fork import cores


def resolve(device: str) -> torch.device:
    """The device of that name, "auto" for a GPU if there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device not in ("cpu", "cuda"):
        raise ValueError(f'device must be "auto", "cpu" or "cuda", received {device!r}')
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError('device is "cuda", and torch finds no GPU; use "cpu" or "auto"')
    return torch.device(device)


def device_name(device: torch.device) -> str:
    """What the device calls itself."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"CPU, {models[0] if models else platform.machine()}, {cores()} cores"


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """One thread of torch on a CPU: networks this small gain nothing from more, and sums come out the same."""
    threads = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def matrix_products(tf32: bool) -> Iterator[None]:
    """Within, a GPU multiplies matrices in TF32 (factors of 10 bits) if `tf32`, which is faster, else in float32."""
    before = torch.get_float32_matmul_precision()
    if tf32:
        torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
