"""Every public function and network on a device, held against the CPU: its place, its values, its gradients."""

import inspect

import pytest
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from tests.device.cases import JOBS, NO_DEVICE, PACKAGES
from tests.device.pretended import pretended_cuda

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
QUICK = ("distances", "neighbors")
ALL = [
    pytest.param(package, name, marks=() if package in QUICK else pytest.mark.slow)
    for package, jobs in JOBS.items()
    for name in jobs
]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_function_has_a_job(package):
    face = PACKAGES[package]
    public = {name: getattr(face, name) for name in face.__all__}
    functions = {name for name, found in public.items() if inspect.isfunction(found)}
    networks = {
        name for name, found in public.items() if inspect.isclass(found) and issubclass(found, nn.Module)
    }
    excused = NO_DEVICE.get(package, set())
    assert functions | networks == {*JOBS[package]} | excused
    assert not {*JOBS[package]} & excused


@pytest.mark.parametrize(("package", "name"), ALL, ids=lambda part: part)
def test_on_a_device_as_on_the_cpu(package, name):
    job = JOBS[package][name]
    expected = _numbers(job(CPU))
    with pretended_cuda():
        found = _numbers(job(CUDA))
    assert len(found) == len(expected) > 0
    assert {t.device.type for t in found if isinstance(t, Tensor)} <= {"cuda"}, "the answer left the device"
    for here, there in zip(expected, found, strict=True):
        there = there.held.detach() if isinstance(there, Tensor) else there
        torch.testing.assert_close(there, here, rtol=1e-3, atol=1e-5)


def _numbers(answer) -> list[Tensor | float]:
    """Tensors and plain numbers; the name of the engine that answered is not the same on every device."""
    return [leaf for leaf in tree_leaves(answer) if isinstance(leaf, Tensor | float | int)]
