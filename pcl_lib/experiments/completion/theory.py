"""What live code says of the claims of the Landau Chamfer distance on theory and search (its Sections I to III)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from functools import partial

import torch
from scipy.stats import ks_2samp
from torch import Tensor

from pcl_lib.data import digits, synthetic
from pcl_lib.distances import WEIGHTS, chamfer, hyper_cd, weighted_chamfer
from pcl_lib.distances.building_blocks import hyper_cd_gradient_weight
from pcl_lib.experiments.claims import Claim, graded, tallied
from pcl_lib.experiments.completion.compare import ONE_NETWORK, preview_of
from pcl_lib.experiments.completion.free_cloud import settle
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.paired_difference import Difference
from pcl_lib.losses import PAPER_DISTANCES, gradient_matching
from pcl_lib.models import PCN
from pcl_lib.neighbors import nearest, nearest_each_way

Loss = Callable[[Tensor, Tensor], Tensor]

CONSTANT = 0.01  # a weight that varies by less is a constant
# Distributions whose largest gap (Kolmogorov-Smirnov) is below this "follow" each other.
FOLLOWS = 0.1
STARTS = range(5)  # of the free clouds


def claims_on_theory(page: str, record: Record) -> list[Claim]:
    """Each claim with its number; `page` is the address of the first chapter, `record` that of many losses."""
    x, y = _two_samples()
    return [
        *_on_units(page),
        *_on_the_formula(page, x, y),
        *_on_the_search(page, x, y),
        *_on_the_motivation(page, record),
    ]


def _beside(page: str, name: str) -> str:
    """The address of the chapter `name`, which lies beside that of `page`."""
    return f"{page.rpartition('/')[0]}/{name}.html"


def _two_samples() -> tuple[Tensor, Tensor]:
    """Two samples of one chair in one frame: to normalise each on its own would move them apart."""
    return synthetic.two_samples("chair", seed=3)


def _on_units(page: str) -> list[Claim]:
    landau = WEIGHTS["landau"]
    at = [float(landau.gradient_weight(torch.tensor(0.05 * unit))) for unit in (0, 1, 10, 100)]
    units = [value / at[0] for value in at[1:]]
    scales = torch.tensor([0.0, 0.05, 0.5, 5.0], dtype=torch.float64)
    hyper = (hyper_cd_gradient_weight(scales) / hyper_cd_gradient_weight(scales)[0])[1:].tolist()
    in_units = "in metres, decimetres, centimetres"
    return [
        Claim(
            '"a family of weighted training losses (weighted CD) that requires no parameter tuning"',
            "Abstract",
            f"Landau has {len(fields(landau))} parameters; but its pull at a twentieth of a unit, of that at zero, is "
            f"{', '.join(f'{value:.3f}' for value in units)} {in_units}",
            graded(sum(abs(value - 1) < CONSTANT for value in units), len(units)),
            f"{_beside(page, 'landau')}#far-points-are-pushed-away",
        ),
        Claim(
            'CD-based losses "usually require data-related parameter tuning"',
            "Abstract",
            "HyperCD with α = 1, pull at a twentieth of a unit, of that at zero: "
            f"{', '.join(f'{value:.3f}' for value in hyper)} {in_units}",
            graded(int(max(abs(value - 1) for value in hyper) > CONSTANT), 1),
            f"{page}#hypercd",
        ),
    ]


def _on_the_formula(page: str, x: Tensor, y: Tensor) -> list[Claim]:
    z = hyper_cd_gradient_weight(torch.linspace(0, 2, 2001, dtype=torch.float64))
    off = float((weighted_chamfer(x, y, weight=torch.ones_like) - chamfer(x, y, squared=False)).abs())
    recovered = _gap(
        _pull(lambda a, b: weighted_chamfer(a, b, weight=_hyper_weight), x, y), _pull(hyper_cd, x, y)
    )
    there, back = nearest(x, y).index, nearest(y, x).index
    frozen = _pull(lambda a, b: (a - b[there]).norm(dim=1).mean() + (b - a[back]).norm(dim=1).mean(), x, y)
    bilevel = _gap(frozen, _pull(lambda a, b: chamfer(a, b, squared=False), x, y))
    return [
        Claim(
            'HyperCD\'s gradient weight "is monotonically decreasing" and largest at zero',
            "III-D",
            f"{int((z.diff() >= 0).sum())} rises in 2,000 steps from 0 to 2",
            graded(int((z.diff() < 0).all()), 1),
            f"{page}#hypercd",
        ),
        Claim(
            '"the vanilla CD is a special case of our new formula"',
            "III-C",
            f"with f = 1 both differ by {off:.1g}",
            graded(int(off < 1e-6), 1),
            f"{page}#the-weighted-chamfer-distance",
        ),
        Claim(
            '"when Eq. 5 reaches 0, it will guarantee to recover the performance of HyperCD"',
            "III-C",
            f"for f = arccosh(1 + d²)/d, where it is 0, the gradients differ by {recovered:.0e} of their length",
            graded(int(recovered < 1e-4), 1),
            f"{_beside(page, 'gradient-matching')}#exercises",
        ),
        Claim(
            '"a novel bilevel optimization formula"',
            "Abstract, III-E",
            f"with the inner minimum held fixed the gradient differs by {bilevel:.0e}: it is ordinary training",
            graded(int(bilevel > 1e-4), 1),
            f"{_beside(page, 'landau')}#bilevel-optimisation",
        ),
    ]


def _on_the_search(page: str, x: Tensor, y: Tensor) -> list[Claim]:
    lengths = torch.cat([way.sq_dist.sqrt() for way in nearest_each_way(x, y)])
    within = [100 * float((lengths <= bound).float().mean()) for bound in (0.01, 0.1)]
    d, gamma = PAPER_DISTANCES, WEIGHTS["gamma"]
    density, exact = gamma(d), gamma.gradient_weight(d)
    value = float((density / exact - 1).abs().max())
    variation = float((density[0] - density[-1]) / (exact[0] - exact[-1]))
    fits = gradient_matching(approximation="density")
    worst, constant = max(fit.error for fit in fits), constant_error()
    closer = [name for name, weight in WEIGHTS.items() if _error(weight.gradient_weight(d)) < constant]
    return [
        Claim(
            '"about 99% of point pairs" are at a distance in [0, 0.01]',
            "III-D",
            f"two perfect samples of {len(x):,} points of a chair: {within[0]:.0f} % of the lengths, {within[1]:.0f} % "
            "of the squares",
            graded(sum(share > 98 for share in within), 2),
            f"{_beside(page, 'landau')}#measured",
        ),
        Claim(
            '$z^{(W)} \\approx f(m + d)$, for it "may be dominated by the second term"',
            "III-D",
            f"gamma: right to {100 * value:.0e} % in value, but only {100 * variation:.0f} % of what varies, which is "
            "what is matched",
            graded((value < 0.01) + (abs(variation - 1) < 0.1), 2),
            f"{_beside(page, 'gradient-matching')}#what-the-search-sees",
        ),
        Claim(
            '"all eight distributions can well fit the reference curve from HyperCD"',
            "III-D, Fig. 2",
            f"largest error {worst:.0e} of the curve; no weight at all has {constant:.0e}",
            graded(sum(fit.error < 1e-5 for fit in fits), len(fits)),
            f"{_beside(page, 'gradient-matching')}#fig-2-redone",
        ),
        Claim(
            'the selected weights mimic "the learning behavior in backpropagation between HyperCD and weighted CD"',
            "Abstract",
            f"by Eq. 5, {len(closer)} of the {len(WEIGHTS)} that the paper reports are nearer to HyperCD than no "
            f"weight at all ({', '.join(closer) or 'none'})",
            graded(len(closer), len(WEIGHTS)),
            f"{_beside(page, 'landau')}#loose-bound",
        ),
        Claim(
            '"all the calculations can be done using simple simulated data"',
            "I-D",
            f"{len(fits)} of {len(WEIGHTS)} families are fitted from {len(d)} distances, without a cloud",
            graded(sum(math.isfinite(fit.error) for fit in fits), len(WEIGHTS)),
            f"{_beside(page, 'gradient-matching')}#gradient-matching-step-by-step",
        ),
    ]


def _on_the_motivation(page: str, record: Record) -> list[Claim]:
    crowds = Difference(
        tuple(_crowd(start, outliers=True) - _crowd(start, outliers=False) for start in STARTS)
    )
    steepest = _largest_gradient()
    first, last = (_distances(record, look) for look in (0, -1))
    drift = float(ks_2samp(first.numpy(), last.numpy()).statistic)
    return [
        Claim(
            'outliers lead to "small and dense clusters"',
            "I-A",
            f"{len(STARTS)} free clouds on a digit: the largest crowd around one true point grows by "
            f"{crowds.mean:+.1f} points ({crowds.low:+.1f} to {crowds.high:+.1f}) when eight outliers are added",
            tallied([crowds.sign], wanted=1),
            f"{page}#do-outliers-make-clusters",
        ),
        Claim(
            'both assumptions, bounded gradients and distances that follow those of HyperCD, "can hold easily"',
            "III-C",
            f"the largest gradient of a small PCN is {steepest:.2g}; but over the training the median distance goes "
            f"from {float(first.median()):.3f} to {float(last.median()):.3f} (Kolmogorov-Smirnov {drift:.2f})",
            graded(math.isfinite(steepest) + (drift < FOLLOWS), 2),
            f"{_beside(page, 'landau')}#the-distances-of-a-real-training",
        ),
    ]


def constant_error() -> float:
    """The error of Eq. 5 of no weight at all: how far a constant is from HyperCD on the paper's distances."""
    return _error(torch.ones_like(PAPER_DISTANCES))


def _error(curve: Tensor) -> float:
    reference = hyper_cd_gradient_weight(PAPER_DISTANCES)
    return float((curve / curve.max() - reference / reference.max()).abs().mean())


def _hyper_weight(d: Tensor) -> Tensor:
    """The weight whose loss is HyperCD itself: arccosh(1 + d²)/d."""
    d = d.clamp(min=1e-6)
    return 2 * torch.asinh(d / 2**0.5) / d


def _pull(loss: Loss, x: Tensor, y: Tensor) -> Tensor:
    """The gradient of a loss by the points of x."""
    at = x.clone().requires_grad_()
    return torch.autograd.grad(loss(at, y), at)[0]


def _gap(a: Tensor, b: Tensor) -> float:
    return float((a - b).norm() / b.norm())


def _crowd(seed: int, *, outliers: bool) -> float:
    """The most points of a free cloud that share one true point of a digit, after sliding down the Chamfer distance."""
    lengths = partial(chamfer, squared=False)
    return float(settle(lengths, digits.example("3").points, seed=seed, outliers=outliers).crowd)


def _largest_gradient() -> float:
    """The largest derivative of a small PCN's loss by one of its weights, over a few random clouds."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = PCN(16, 8, 2, points=((16,), ()), widths=(32,), fold=(16,))
        clouds = torch.rand(8, 32, 3)
    torch.stack([hyper_cd(made, clouds).mean() for made in network(clouds[:, :16])]).sum().backward()
    return max(float(w.grad.abs().max()) for w in network.parameters() if w.grad is not None)


def _distances(record: Record, look: int) -> Tensor:
    """Nearest distances, both ways, of one unseen shape at a look of the training with HyperCD."""
    made = torch.from_numpy(preview_of(record.result, f"{ONE_NETWORK}/steps", look))
    truth = torch.from_numpy(preview_of(record.result, "truth"))
    return torch.cat([way.sq_dist for way in nearest_each_way(made, truth)]).sqrt()
