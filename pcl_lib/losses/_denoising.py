"""Denoising score matching: a network learns a field from noisy points that it sends back to where they came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import check_cloud, check_option
from pcl_lib._seeded import Seed, seeded
from pcl_lib.distances import displacement
from pcl_lib.neighbors.building_blocks import Sigma, check_ladder

WEIGHTINGS = ("sigma2", "sigma3")
LEVELS = ("all", "one")

# Of points (B, N, D) and sigma, a number or (B,), to displacements (B, N, D); with a code, of points, code and sigma.
Field = Callable[..., Tensor]


def denoising_loss(
    field: Field,
    points: Float[Tensor, "*b n d"],
    sigmas: Sequence[float] | Tensor,
    *,
    code: Float[Tensor, "b k"] | None = None,
    weighting: str = "sigma2",
    half: bool = True,
    levels: str = "all",
    seed: Seed | None = None,
) -> Float[Tensor, "*b"]:
    r"""How far a field is from sending noisy points back to where they came from, which the noise hides in part.

    .. math:: \sum_\sigma \frac{\lambda(\sigma)}{2 N} \sum_i
              \Bigl\lVert \frac{x_i - \tilde x_i}{\sigma^2} - g(\tilde x_i, \sigma) \Bigr\rVert^2
              = \sum_\sigma \frac{\lambda(\sigma)}{2 N \sigma^4} \sum_i \lVert x_i - \tilde x_i - y \rVert^2,
              \qquad \tilde x_i = x_i + \sigma \varepsilon_i

    The field gives y = sigma^2 g, g the score. Its least value is reached by the exact score of the smoothed points
    and is not 0: see `excess_loss`.

    - `field`: called once as field(points, sigma), or field(points, code, sigma) with a code, such as a
      `GradientDecoder`; for "all" levels with the clouds of all of them as one batch (levels B, N, D) and sigma one
      number for each, so that batch norm sees all levels together;
    - `sigmas`: noise levels, largest first;
    - `code`: of each cloud, repeated for each level;
    - `weighting`: "sigma2", lambda = sigma^2: a field of zeros costs D / 2 at every level, which is what "roughly the
      same magnitude" asks for; "sigma3", lambda = sigma^3, as released: it costs D sigma / 2, a hundred times less at
      the smallest level than at the largest;
    - `half`: the 1/2, which the paper's Eq. 13 and the release have and Eqs. 6, 7 and Algorithm 1 do not;
    - `levels`: "all", summed, with fresh noise for each (Algorithm 1), or "one", drawn for each cloud (released);
    - `seed`: of levels and noise; without one they are drawn from torch's global generator, which `fit` seeds.

    Shapes: points (N, D) or (B, N, D), result () or (B,). No unit with "sigma2", a length with "sigma3". Gradient: to
    the field. Cost: one call of the field on as many points as there are levels times points. Errors: `ValueError` for
    levels that rise or are not positive, points that are no cloud, and a field whose result has another shape or is not
    finite. Reference: cai2020shapegf (Eqs. 6, 7, 13), vincent2011denoising.

    >>> points, nothing = torch.zeros(20000, 3), lambda x, sigma: torch.zeros_like(x)
    >>> [round(denoising_loss(nothing, points, [s], weighting="sigma3", seed=0).item(), 2) for s in (1.0, 0.1)]
    [1.5, 0.15]
    """
    check_option("levels", levels, LEVELS)
    ladder, batch = _checked(points, sigmas, weighting)
    draw = _Draw(seed)
    if levels == "one":
        sigma = draw.one_of(ladder, batch)
        noise = draw.normal(batch)
        by_cloud = _cost(field, batch, sigma, noise, code, weighting, half)
        return by_cloud if points.ndim == 3 else by_cloud[0]
    count = len(ladder)
    noise = torch.cat([draw.normal(batch) for _ in ladder])
    sigma = torch.tensor(ladder, dtype=batch.dtype, device=batch.device).repeat_interleave(len(batch))
    codes = None if code is None else code.repeat(count, 1)
    every = _cost(field, batch.repeat(count, 1, 1), sigma, noise, codes, weighting, half)
    total = every.reshape(count, len(batch)).sum(0)
    return total if points.ndim == 3 else total[0]


def denoising_by_level(
    field: Field,
    points: Float[Tensor, "*b n d"],
    sigmas: Sequence[float] | Tensor,
    *,
    code: Float[Tensor, "b k"] | None = None,
    weighting: str = "sigma2",
    half: bool = True,
    seed: Seed | None = None,
) -> Float[Tensor, "levels *b"]:
    """The terms of `denoising_loss`, one for each noise level; their sum is the loss.

    The field is called for one level after the other, with the points in their shape and sigma a number: a network with
    batch norm belongs in eval mode.

    - `code`, `weighting`, `half`, `seed`: as there; the noise of one seed is the same.

    Shapes: K levels; result (K,) or (K, B). Cost, errors: as there. Reference: cai2020shapegf (Eq. 7).

    >>> points, nothing = torch.zeros(20000, 3), lambda x, sigma: torch.zeros_like(x)
    >>> [round(value, 1) for value in denoising_by_level(nothing, points, [1.0, 0.1], seed=0).tolist()]
    [1.5, 1.5]
    """
    ladder, batch = _checked(points, sigmas, weighting)
    draw = _Draw(seed)
    rows = []
    for sigma in ladder:
        noise = draw.normal(batch).reshape(points.shape)
        rows.append(_cost(field, points, sigma, noise, code, weighting, half))
    return torch.stack(rows)


@torch.no_grad()
def excess_loss(
    field: Field,
    points: Float[Tensor, "*b n d"],
    sigmas: Sequence[float] | Tensor,
    exact: Field | Float[Tensor, "*c m d"],
    *,
    code: Float[Tensor, "b k"] | None = None,
    weighting: str = "sigma2",
    half: bool = True,
    seed: Seed = 0,
) -> Float[Tensor, "levels *b"]:
    r"""What a field costs beyond the exact one, on the same noisy points: the mean squared error of its score.

    .. math:: L(y_\theta, \sigma) - L(y^*, \sigma) \;\to\; \frac{\lambda(\sigma)}{2 \sigma^4}\,
              \mathbb E\, \lVert y_\theta - y^* \rVert^2

    0 for the exact field itself, and in the mean at least 0 for any other. The chance of the noise, which is most of
    the loss, is left out.

    - `exact`: the exact field, called as `field` is without a code, or the cloud whose `displacement` it is: a dense
      sample of the shape, (M, D) or one for each cloud of points (B, M, D). Points that belong to this cloud make 0 the
      optimum; of other points of the shape it is that up to the sampling of the cloud;
    - `code`, `weighting`, `half`, `seed`: as in `denoising_loss`; a code is for `field` alone.

    Shapes: K levels; result (K,) or (K, B). Cost: one call of each field a level. Errors: as `denoising_loss`.
    Reference: cai2020shapegf, vincent2011denoising.

    >>> cloud = torch.tensor([[0.0], [1.0]])
    >>> excess_loss(lambda x, sigma: displacement(x, cloud, sigma), cloud, [1.0, 0.1], cloud).tolist()
    [0.0, 0.0]
    """

    def known(x: Tensor, sigma: Sigma) -> Tensor:
        return displacement(x, exact, sigma)  # type: ignore[arg-type]

    best = known if isinstance(exact, Tensor) else exact
    ladder, batch = _checked(points, sigmas, weighting)
    draw = _Draw(seed)
    rows = []
    for sigma in ladder:
        noise = draw.normal(batch).reshape(points.shape)
        rows.append(
            _cost(field, points, sigma, noise, code, weighting, half)
            - _cost(best, points, sigma, noise, None, weighting, half)
        )
    return torch.stack(rows)


class _Draw:
    """Levels and noise, from a seed on the CPU or from torch's global generator of the device."""

    def __init__(self, seed: Seed | None) -> None:
        self.generator = None if seed is None else seeded(seed)

    def normal(self, like: Tensor) -> Tensor:
        if self.generator is None:
            return torch.randn_like(like)
        device = self.generator.device
        return torch.randn(like.shape, generator=self.generator, dtype=like.dtype, device=device).to(
            like.device
        )

    def one_of(self, ladder: list[float], like: Tensor) -> Tensor:
        device = like.device if self.generator is None else self.generator.device
        chosen = torch.randint(len(ladder), (len(like),), generator=self.generator, device=device)
        return torch.tensor(ladder, dtype=like.dtype, device=device)[chosen].to(like.device)


def _checked(points: Tensor, sigmas: Sequence[float] | Tensor, weighting: str) -> tuple[list[float], Tensor]:
    check_option("weighting", weighting, WEIGHTINGS)
    check_cloud(points, "points")
    return check_ladder(sigmas), points if points.ndim == 3 else points[None]


def _cost(
    field: Field,
    points: Tensor,
    sigma: Sigma,
    noise: Tensor,
    code: Tensor | None,
    weighting: str,
    half: bool,
) -> Tensor:
    """The term of one level, () or (B,)."""
    each = sigma.reshape(-1, 1, 1) if isinstance(sigma, Tensor) else sigma
    pushed = each * noise
    noisy = points + pushed
    moved = field(noisy, sigma) if code is None else field(noisy, code, sigma)
    if not isinstance(moved, Tensor) or moved.shape != points.shape:
        received = f"shape {tuple(moved.shape)}" if isinstance(moved, Tensor) else type(moved).__name__
        raise ValueError(
            f"field must give a displacement for each point, {tuple(points.shape)}, received {received}; a field that "
            "needs a code is given it by code="
        )
    square = (moved + pushed).square().sum(-1).mean(-1)
    if not bool(torch.isfinite(square.detach()).all()):
        raise ValueError(
            f"field must give finite displacements, received a loss of {square.detach().mean().item()}; did the "
            "network diverge?"
        )
    scale = sigma if weighting == "sigma3" else sigma * sigma
    return square / scale / (2 if half else 1)
