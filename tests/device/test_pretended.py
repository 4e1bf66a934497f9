"""The pretended device refuses what a GPU refuses: three faults planted in a loss are caught, each by its name."""

import numpy as np
import pytest
import torch

from tests.device.pretended import pretended_cuda


@pytest.fixture
def cloud():
    with pretended_cuda():
        yield torch.rand(4, 3, device="cuda")


def _made_without_a_device(x):
    return x[torch.arange(3, device=x.device)] * torch.arange(3)[:, None]


def _numpy_of_the_device(x):
    return np.linalg.norm(x.numpy())


def _mixed(x):
    return torch.cdist(x, torch.zeros(2, 3))


FAULTS = {
    "a tensor made without a device": (_made_without_a_device, RuntimeError, "found cuda:0 and cpu"),
    "numpy of a tensor of the device": (_numpy_of_the_device, TypeError, "Use Tensor.cpu"),
    "tensors of two devices": (_mixed, RuntimeError, "found cuda:0 and cpu"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(cloud, fault):
    job, error, message = FAULTS[fault]
    job(torch.rand(4, 3, device="cpu"))  # on the CPU nobody would see it
    with pytest.raises(error, match=message):
        job(cloud)


def test_a_gradient_comes_back_over_both_devices():
    with pretended_cuda():
        x = torch.rand(4, 3, requires_grad=True)
        moved = x.to("cuda")
        value = (moved.double().pow(2) * 2.0).sum()
        assert (moved.device, moved.is_cuda, moved.get_device()) == (torch.device("cuda", 0), True, 0)
        value.cpu().backward()
    torch.testing.assert_close(x.grad, 4 * x.detach())


def test_places_are_kept_and_changed():
    with pretended_cuda():
        x = torch.ones(2, 3).cuda()
        assert {
            t.device.type for t in (x.new_zeros(2), torch.zeros_like(x), x[0], x.T @ x, x.new_tensor([1.0]))
        } == {"cuda"}
        assert x[[1, 0]].tolist() == x.tolist()
        assert x.to(torch.float64).dtype == torch.float64
        assert x.cpu().device.type == torch.zeros_like(x, device="cpu").device.type == "cpu"
        assert torch.nn.Linear(3, 2).cuda()(x).is_cuda
        with pytest.raises(RuntimeError, match="an address on the device"):
            x.data_ptr()
    assert not torch.cuda.is_available()


@pytest.mark.parametrize(
    "job",
    [
        lambda x: float(x.sum()),
        lambda x: x.tolist(),
        lambda x: x[x > 2],
        lambda x: x[torch.tensor([0])],
        lambda x: x.unique(),
        lambda x: bool((x > 0).all()),
        lambda x: x.cpu(),
    ],
)
def test_what_makes_the_host_wait_is_counted(job):
    with pretended_cuda() as waits:
        x = torch.ones(2, 3, device="cuda")
        (x + 1).square().sum(0)
        assert sum(waits.values()) == 0
        job(x)
        assert sum(waits.values()) >= 1
