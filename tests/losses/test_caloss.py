"""CALoss: the released numbers, each reading and ablation, what sees what, and bad input."""

import math

import pytest
import torch

from pcl_lib.losses import CALoss, adaptive_pooling
from pcl_lib.losses._caloss import RECIPROCAL
from pcl_lib.models import parameter_count
from tests.gradients import gradcheck
from tests.losses.closed_form import GOLDEN, fill, small

FACTS = GOLDEN["caloss"]
TRUTH, PERTURBED, MADE = small()


def filled(**options):
    loss = CALoss(**options).double()
    fill(loss.points, (0, 1))
    if loss.widths is not None:
        fill(loss.widths, (2, 3, 4))
    return loss


def clouds(b=3, n=32, m=None, dim=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(b, m or n, dim, generator=generator), torch.rand(b, n, dim, generator=generator)


def test_the_released_numbers():
    loss = filled()
    assert loss.task(MADE, TRUTH).mean().item() == pytest.approx(FACTS["task"], rel=1e-9)
    assert loss.own(MADE, TRUTH, perturbed=PERTURBED).item() == pytest.approx(FACTS["own"], rel=1e-9)
    delta = loss.delta(loss.points(TRUTH))
    code = loss.represent(TRUTH, delta)
    assert delta.mean().item() == pytest.approx(FACTS["mean_delta"], rel=1e-9)
    assert delta[0, :4].tolist() == pytest.approx(FACTS["delta_of_truth_0"], rel=1e-9)
    assert code[0, :4].tolist() == pytest.approx(FACTS["code_of_truth_0"], rel=1e-9)
    assert code.abs().sum(1).tolist() == pytest.approx(FACTS["code_of_truth_l1"], rel=1e-9)


def contrast_alone(weight):
    """w L_p, from the difference of two own losses whose other terms agree."""
    with_it = filled(weight=weight, eps=1.0).own(MADE, TRUTH, perturbed=PERTURBED)
    return (with_it - filled(contrast=False).own(MADE, TRUTH)).item()


@pytest.mark.parametrize(
    ("weight", "value"),
    [
        ("released", FACTS["contrast_released"]),
        ("plain", FACTS["contrast_plain"]),
        ("none", FACTS["contrast"]),
        ("constant", FACTS["contrast"] * RECIPROCAL / 0.003),
    ],
)
def test_weights_of_the_contrast(weight, value):
    assert contrast_alone(weight) == pytest.approx(value, rel=1e-9)


def test_the_constant_is_what_the_released_weight_comes_to():
    noise = torch.randn(400_000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    mean, spread = (1 / noise.abs().mean(1)).mean().item(), (1 / noise.abs().mean(1)).std().item()
    assert abs(mean - RECIPROCAL) < 5 * spread / math.sqrt(400_000)


def test_numbers_of_parameters():
    loss = CALoss()
    assert parameter_count(loss.points) == GOLDEN["parameters"]["caloss_points"]
    assert parameter_count(loss.widths) == GOLDEN["parameters"]["caloss_widths"]
    assert parameter_count(CALoss(controller="max").widths) == 3 * (128 * 128 + 128)
    assert parameter_count(CALoss(dim=2).points) == 8576 - 64


def test_the_logarithm_is_of_the_batch_mean():
    loss = filled(contrast=False, width=0.0)
    apart = loss.task(MADE, TRUTH)
    assert loss.own(MADE, TRUTH).item() == pytest.approx(-math.log(apart.mean().item() + 1e-8), rel=1e-12)


def test_widths_are_not_detached_and_come_from_the_truth_alone():
    loss = filled(contrast=False, width=0.0)
    made = MADE.clone().requires_grad_(True)
    loss.own(made, TRUTH).backward()
    first = loss.widths.layers[0].weight
    assert first.grad.abs().max() > 0
    assert made.grad.abs().max() > 0
    delta = loss.delta(loss.points(TRUTH))
    torch.testing.assert_close(
        loss.task(MADE, TRUTH), (loss.represent(TRUTH, delta) - loss.represent(MADE, delta)).abs().sum(1)
    )


@pytest.mark.parametrize("pooling", ["max", "mean"])
def test_other_poolings(pooling):
    loss = filled(pooling=pooling)
    assert loss.widths is None
    features = loss.points(TRUTH)
    code = features.amax(1) if pooling == "max" else features.mean(1)
    torch.testing.assert_close(loss.represent(TRUTH, None), code)
    assert loss.own(MADE, TRUTH).isfinite()


@pytest.mark.parametrize("form", ["released", "absolute", "norm"])
def test_each_reading_of_the_pooling(form):
    features = torch.randn(2, 7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    delta = torch.rand(2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    found = adaptive_pooling(features, delta, form=form)
    for b in range(2):
        largest = features[b].amax(0)
        for c in range(5):
            if form == "norm":
                u = [float((features[b, i] - largest).norm() / (delta[b].mean() + 1e-5)) for i in range(7)]
            else:
                gap = [abs(float(features[b, i, c] - largest[c])) for i in range(7)]
                u = [(g if form == "absolute" else g * g) / (float(delta[b, c]) + 1e-5) for g in gap]
            w = [math.exp(-v) for v in u]
            by_hand = sum(wi * float(f) for wi, f in zip(w, features[b, :, c], strict=True)) / sum(w)
            assert found[b, c].item() == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("form", ["released", "absolute", "norm"])
def test_the_gradient_of_each_reading(form):
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(2, 6, 4, dtype=torch.float64, generator=generator, requires_grad=True)
    delta = (0.1 + torch.rand(2, 4, dtype=torch.float64, generator=generator)).requires_grad_(True)
    assert gradcheck(lambda f, d: adaptive_pooling(f, d, form=form), (features, delta))


@pytest.mark.parametrize("wanted", ["features", "delta"])
def test_the_gradient_to_one_of_both_alone(wanted):
    """What is left out where nobody asks for it changes nothing of the rest."""
    generator = torch.Generator().manual_seed(4)
    features = torch.randn(2, 6, 4, dtype=torch.float64, generator=generator)
    delta = 0.1 + torch.rand(2, 4, dtype=torch.float64, generator=generator)

    def gradient(*names):
        given = {"features": features.clone(), "delta": delta.clone()}
        for name in names:
            given[name].requires_grad_()
        adaptive_pooling(**given).square().sum().backward()
        return given[wanted].grad

    assert torch.equal(gradient(wanted), gradient("features", "delta"))


def test_widths_near_zero_give_the_largest_feature():
    """Exponents far below what single precision can hold: weights of nothing, and a gradient to the largest alone."""
    features = torch.randn(1, 64, 4, generator=torch.Generator().manual_seed(5), requires_grad=True)
    delta = torch.zeros(1, 4, requires_grad=True)
    pooled = adaptive_pooling(features, delta)
    torch.testing.assert_close(pooled, features.amax(1))
    pooled.sum().backward()
    largest = features.argmax(1, keepdim=True)
    expected = torch.zeros_like(features).scatter_(1, largest, 1.0)
    torch.testing.assert_close(features.grad, expected)
    assert torch.isfinite(delta.grad).all()


def test_the_in_batch_term():
    loss = filled(negatives="in-batch", contrast=False, width=0.0)
    delta = loss.delta(loss.points(TRUTH))
    code = loss.represent(TRUTH, delta)
    apart = (code[0] - code[1]).square().mean().item()
    assert loss.own(MADE, TRUTH).item() == pytest.approx((2 + 2 * math.exp(-apart)) / 4, rel=1e-12)


@pytest.mark.slow
def test_without_negatives_all_shapes_become_alike():
    torch.manual_seed(0)
    loss = CALoss(negatives=None, weight="none", width=0.0, eps=1.0)
    optimizer = torch.optim.Adam(loss.parameters(), lr=3e-3)
    made, truth = clouds(8, 64)
    before = loss.task(made, truth).mean().item()
    for _ in range(150):
        optimizer.zero_grad()
        loss.own(made, truth).backward()
        optimizer.step()
    assert loss.task(made, truth).mean().item() < 0.3 * before


def test_order_of_points_and_sizes():
    torch.manual_seed(0)
    loss = CALoss()
    made, truth = clouds(m=50, n=20)
    value = loss.task(made, truth)
    assert value.shape == (3,)
    torch.testing.assert_close(loss.task(made.flip(1), truth.flip(1)), value)
    assert CALoss(dim=2).task(*clouds(dim=2)).shape == (3,)


def test_the_call_is_the_task_or_the_own_loss():
    torch.manual_seed(0)
    loss = CALoss(contrast=False)
    made, truth = clouds()
    torch.testing.assert_close(loss(made, truth), loss.task(made, truth))
    torch.testing.assert_close(loss(made, truth, own=True), loss.own(made, truth))


def test_the_perturbation_is_drawn_anew_and_can_be_repeated():
    loss = CALoss(negatives=None)
    made, truth = clouds()
    torch.manual_seed(3)
    one, other = loss.own(made, truth), loss.own(made, truth)
    torch.manual_seed(3)
    assert one == loss.own(made, truth)
    assert one != other


def test_equal_clouds_have_a_finite_loss_and_gradient():
    torch.manual_seed(0)
    loss = CALoss(contrast=False, width=0.0)
    _, truth = clouds()
    made = truth.clone().requires_grad_(True)
    value = loss.own(made, truth)
    assert value.item() == pytest.approx(-math.log(1e-8))
    value.backward()
    assert made.grad.isfinite().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sigma": 0.0}, "sigma must be positive and finite.*contrast=False"),
        ({"clip": -1.0}, "clip must be positive"),
        ({"form": "paper"}, "form must be one of"),
        ({"pooling": "sum"}, "pooling must be one of"),
        ({"controller": "none"}, "controller must be one of"),
        ({"weight": "dynamic"}, "weight must be one of"),
        ({"negatives": "all"}, "negatives must be one of"),
        ({"eps": -1.0}, "eps must be"),
        ({"width": math.nan}, "width must be"),
        ({"contrast": False, "negatives": None}, "nothing to learn"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        CALoss(**options)


def test_one_cloud_with_the_in_batch_term():
    with pytest.raises(ValueError, match="at least two clouds"):
        CALoss(negatives="in-batch").own(*clouds(b=1))


def test_a_perturbed_point_that_did_not_move():
    made, truth = clouds()
    perturbed = truth + 0.01
    perturbed[1, 4] = truth[1, 4]
    with pytest.raises(ValueError, match="received 1 that do not move"):
        CALoss().own(made, truth, perturbed=perturbed)
    assert CALoss(weight="plain").own(made, truth, perturbed=perturbed).isfinite()


@pytest.mark.parametrize("call", ["task", "own"])
def test_output_that_is_not_finite(call):
    made, truth = clouds()
    made[0, 0, 0] = math.nan
    with pytest.raises(ValueError, match=r"made must be finite, received nan at made\[0, 0, 0\]"):
        getattr(CALoss(), call)(made, truth)


def test_clouds_of_another_form():
    made, truth = clouds()
    with pytest.raises(ValueError, match=r"batches \(B, N, 3\).*x\[None\]"):
        CALoss().task(made[0], truth[0])
    with pytest.raises(ValueError, match=r"batches \(B, N, 2\)"):
        CALoss(dim=2).task(made, truth)


def test_pooling_of_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"features must be \(B, N, C\)"):
        adaptive_pooling(torch.zeros(2, 3, 4), torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"form must be one of"):
        adaptive_pooling(torch.zeros(2, 3, 4), torch.zeros(2, 4), form="mean")
