"""Derivatives where one cloud is made from the other: each by itself is right, and their sum must be too.

What is compared with is the slope of the value itself along a line, which knows nothing of autograd.
"""

from functools import partial

import pytest
import torch

from pcl_lib.distances import chamfer, hausdorff, hyper_cd, sinkhorn, weighted_chamfer
from tests.distances.test_every import EVERY, SAME_SIZE

# With other reductions, directions and formulas: what closes over options has its own second path.
LOSSES = EVERY | {
    "chamfer of lengths": partial(chamfer, squared=False),
    "chamfer forward": partial(chamfer, squared=False, combine="forward"),
    "chamfer backward": partial(chamfer, combine="backward"),
    "chamfer max": partial(chamfer, squared=False, combine="max"),
    "chamfer sums": partial(chamfer, squared=False, reduction="sum"),
    "hausdorff forward": partial(hausdorff, combine="forward"),
    "hyper_cd forward": partial(hyper_cd, combine="forward"),
    **{f"weighted {name}": partial(weighted_chamfer, weight=name) for name in ("gamma", "normal", "weibull")},
}
del LOSSES["f_score"]  # a count: it has no derivative
# Its derivative is that of the limit: the slope of the value too where the rounds go on until they have come there.
# It has no second one, and says so.
ONCE = {
    "sinkhorn": partial(sinkhorn, blur=0.1, tolerance=1e-6),
    "sinkhorn squared": partial(sinkhorn, blur=0.1, squared=True, tolerance=1e-6),
}
del LOSSES["sinkhorn"]

GENERATOR = torch.Generator().manual_seed(5)
LEAF, LINE = (torch.rand(9, 3, generator=GENERATOR, dtype=torch.float64) for _ in range(2))
TURN = torch.linalg.qr(torch.rand(3, 3, generator=GENERATOR, dtype=torch.float64)).Q


def moved(z):
    """Another cloud made from this one: every point of it depends on two points."""
    return (0.7 * z + 0.2 * z.roll(1, 0) ** 2) @ TURN + 0.1


MADE = {
    "y from x": lambda z: (z, moved(z)),
    "x from y": lambda z: (moved(z), z),
    "both from one": lambda z: (0.9 * z + 0.05, moved(z)),
    "y from x, fewer": lambda z: (z, moved(z)[:7]),
}


def slope(function, z):
    h = 1e-5
    return (function(z + h * LINE) - function(z - h * LINE)) / (2 * h)


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("name", [*LOSSES, *ONCE])
def test_the_first_derivative_is_the_slope_with_and_without_a_graph(name, made):
    if name in SAME_SIZE and "fewer" in made:
        pytest.skip("needs equal sizes")
    loss = (LOSSES | ONCE)[name]

    def value(z):
        return loss(*MADE[made](z))

    expected = slope(lambda z: value(z).item(), LEAF)
    for create_graph in (False, True):
        z = LEAF.clone().requires_grad_()
        (found,) = torch.autograd.grad(value(z), z, create_graph=create_graph)
        assert (found * LINE).sum().item() == pytest.approx(expected, rel=1e-5, abs=1e-8)


# The matching of the transport distances is piecewise constant, as the partners are: both have second derivatives.
@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("name", LOSSES)
def test_the_second_derivative_is_the_slope_of_the_first(name, made):
    if name in SAME_SIZE and "fewer" in made:
        pytest.skip("needs equal sizes")

    def first(z, create_graph=False):
        z = z if z.requires_grad else z.clone().requires_grad_()
        return torch.autograd.grad(LOSSES[name](*MADE[made](z)), z, create_graph=create_graph)[0]

    z = LEAF.clone().requires_grad_()
    (found,) = torch.autograd.grad((first(z, create_graph=True) * LINE).sum(), z)
    torch.testing.assert_close(found, slope(first, LEAF), rtol=1e-4, atol=1e-6)


def test_a_batch_of_clouds_made_from_each_other():
    z = torch.stack((LEAF, LEAF.flip(0) * 1.3)).requires_grad_()
    loss = LOSSES["chamfer of lengths"]
    (together,) = torch.autograd.grad(loss(z, torch.stack([moved(a) for a in z])).sum(), z, create_graph=True)
    for b in range(2):
        alone = z[b].detach().requires_grad_()
        gap = torch.cdist(alone, moved(alone), compute_mode="donot_use_mm_for_euclid_dist")
        (expected,) = torch.autograd.grad(gap.amin(1).mean() + gap.amin(0).mean(), alone)
        torch.testing.assert_close(together[b], expected)
