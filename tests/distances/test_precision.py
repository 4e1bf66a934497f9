"""Half precision and autocast: computed in float32, returned in float32, gradients in the dtype of the clouds."""

import pytest
import torch
from jaxtyping import config

from pcl_lib.distances import (
    chamfer,
    dcd,
    f_score,
    hausdorff,
    hyper_cd,
    released_landau_cd,
    truncated_cd,
    weighted_chamfer,
)
from pcl_lib.metrics import cd_l1, d2_psnr, fidelity, half_sum_hausdorff, mesh_accuracy, pairwise, uniformity
from pcl_lib.neighbors import knn, nearest, nearest_each_way, radius

LOSSES = {
    "chamfer": chamfer,
    "lengths": lambda x, y, **o: chamfer(x, y, squared=False, combine="mean", **o),
    "forward": lambda x, y, **o: chamfer(x, y, combine="forward", **o),
    "max": lambda x, y, **o: chamfer(x, y, combine="max", **o),
    "dcd": dcd,
    "hausdorff": hausdorff,
    "hyper_cd": hyper_cd,
    "released_landau_cd": released_landau_cd,
    "truncated_cd": lambda x, y, **o: truncated_cd(x, y, threshold=2.0, **o),
    "weighted_chamfer": weighted_chamfer,
}
OTHERS = {
    "f_score": lambda x, y: f_score(x, y, 0.3).f,
    "nearest": lambda x, y: nearest(x, y).sq_dist,
    "each way": lambda x, y: nearest_each_way(x, y)[1].sq_dist,
    "knn": lambda x, y: knn(x, y, 3).sq_dist,
    "radius": lambda x, y: radius(x, y, 0.7).sq_dist,
    "cd_l1": cd_l1,
    "fidelity": fidelity,
    "half_sum_hausdorff": half_sum_hausdorff,
    "mesh_accuracy": mesh_accuracy,
    "d2_psnr": lambda x, y: d2_psnr(x, y, x, peak=1.0),
    "pairwise": pairwise,
    "uniformity": lambda x, _: uniformity(x, area=4.0, percentages=(0.5,)),
}
HALF = [torch.float16, torch.bfloat16]


def pair(dtype, shape=(2, 30, 3)):
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(shape, generator=generator).to(dtype) for _ in range(2))


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("name", LOSSES | OTHERS)
def test_the_value_is_that_of_the_same_clouds_in_float32(name, dtype):
    function = (LOSSES | OTHERS)[name]
    x, y = pair(dtype)
    value = function(x, y)
    assert value.dtype == torch.float32
    assert torch.equal(value, function(x.float(), y.float()))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(function(x, y), value)


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_that_of_float32_rounded(name, dtype):
    x, y = (cloud.requires_grad_() for cloud in pair(dtype))
    single = [cloud.detach().float().requires_grad_() for cloud in (x, y)]
    LOSSES[name](x, y).sum().backward()
    LOSSES[name](*single).sum().backward()
    for half, full in zip((x, y), single, strict=True):
        assert half.grad.dtype == dtype
        assert torch.equal(half.grad, full.grad.to(dtype))


@pytest.mark.parametrize("name", LOSSES)
def test_a_prediction_in_half_meets_a_target_in_float32_under_autocast(name):
    _, target = pair(torch.float32)
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = model(target)
        assert output.dtype == torch.bfloat16
        loss = LOSSES[name](output, target)
        torch.testing.assert_close(LOSSES[name](target, output), LOSSES[name](target, output.float()))
    assert loss.dtype == torch.float32
    assert torch.equal(loss, LOSSES[name](output.float(), target))
    loss.sum().backward()
    assert model.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("enabled", [True, False])
def test_other_mixtures_are_refused(enabled):
    config.update("jaxtyping_disable", True)
    x, y = pair(torch.bfloat16)
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            with pytest.raises(ValueError, match=r"one dtype, received (float32|bfloat16) and float64"):
                chamfer(x, y.double())
            if not enabled:
                with pytest.raises(ValueError, match=r"one dtype, received bfloat16 and float32; .* y\.to"):
                    chamfer(x, y.float())
                with pytest.raises(ValueError, match="one dtype, received bfloat16 and float16"):
                    chamfer(x, y.half())
    finally:
        config.update("jaxtyping_disable", False)


def test_values_that_half_precision_cannot_hold():
    # 300 squared is beyond the largest float16, 65504.
    x = torch.tensor([[300.0, 0.0]], dtype=torch.float16)
    assert chamfer(x, -x).item() == 2 * 600**2


def test_lengths_and_weights_in_half_precision():
    x, y = pair(torch.bfloat16)
    weights = torch.linspace(1, 2, 30)
    value = chamfer(x, y, lengths_x=[30, 7], weights_x=weights)
    alone = chamfer(x[1, :7].float(), y[1].float(), weights_x=weights[:7])
    torch.testing.assert_close(value[1], alone, rtol=1e-6, atol=0)
