"""Points that follow a loss: the step, the path, the noise, and bad input."""

import pytest
import torch

from pcl_lib.trainers import gradient_flow

START = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)


def mean_square(points):
    return points.square().sum(-1).mean()


def test_a_step_is_the_rate_times_the_gradient_of_a_points_own_term():
    end, path = gradient_flow(START, mean_square, steps=9, rate=0.05, every=1)
    assert torch.allclose(end, START * 0.9**10, rtol=1e-12)
    assert torch.allclose(torch.stack(path), torch.stack([START * 0.9**k for k in range(10)]), rtol=1e-12)


def test_the_start_and_the_path_stand_apart():
    before = START.clone()
    end, path = gradient_flow(START, mean_square, steps=4, rate=0.1, every=4)
    assert torch.equal(START, before)
    assert torch.equal(path[0], START)
    assert len(path) == 2
    assert not end.requires_grad
    assert not any(points.requires_grad for points in path)


def test_noise_is_seeded_and_fades():
    still = gradient_flow(START, lambda p: 0 * p.sum(), steps=1, rate=1.0, noise=0.3, seed=1)[0]
    assert torch.equal(
        still, gradient_flow(START, lambda p: 0 * p.sum(), steps=1, rate=1.0, noise=0.3, seed=1)[0]
    )
    other = gradient_flow(START, lambda p: 0 * p.sum(), steps=1, rate=1.0, noise=0.3, seed=2)[0]
    assert not torch.equal(still, other)
    push = torch.randn(2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert torch.allclose(still, START + 0.3 * push), "the last step has none"


@pytest.mark.parametrize(
    "wrong",
    [{"steps": 0}, {"rate": 0.0}, {"rate": float("nan")}, {"every": 0}, {"noise": -1.0}, {"seed": -1}],
)
def test_numbers_out_of_range(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        gradient_flow(START, mean_square, **{"steps": 2, "rate": 0.1, **wrong})


def test_a_loss_with_one_value_a_point():
    with pytest.raises(ValueError, match=r"scalar tensor, received shape \(2,\)"):
        gradient_flow(START, lambda p: p.square().sum(-1), steps=2, rate=0.1)
