"""The exact field of a cloud: a Gaussian on each of its points, the logarithm of their mean, and its gradient."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import as_pair, check_option
from pcl_lib.neighbors import soft_nearest
from pcl_lib.neighbors.building_blocks import Sigma, check_sigma

FORMS = ("paper", "released")


def log_density(
    x: Float[Tensor, "*b n d"],
    cloud: Float[Tensor, "*c m d"],
    sigma: Sigma,
    *,
    backend: str = "auto",
) -> Float[Tensor, "*b n"]:
    r"""Logarithm of the density of a cloud, smoothed with a Gaussian of standard deviation `sigma`.

    .. math:: \log Q_\sigma(x) = \log \frac1M \sum_i \mathcal N(x \mid y_i, \sigma^2 I)

    - `backend`: of `soft_nearest`.

    Shapes: x (N, D) or (B, N, D), any places; cloud (M, D), for all of a batch, or (B, M, D); sigma a length or one for
    each cloud of x, a tensor (B,); result (N,) or (B, N). Unit: minus the logarithm of a volume, of any sign.
    Gradient by x (that is `score`) and by the cloud, none by sigma. Cost: `soft_nearest`. Errors: `ValueError` for
    sigma that is not positive, or for anything that is not a pair of finite clouds. Reference: cai2020shapegf (Eq. 1).

    >>> import torch
    >>> log_density(torch.tensor([[0.0]]), torch.tensor([[0.0], [0.0]]), 1.0).tolist()  # -log(2 pi) / 2
    [-0.9189]
    """
    x, cloud = _paired(x, cloud)
    found = soft_nearest(x, cloud, sigma, backend=backend).log_sum_exp
    m, d = cloud.shape[-2:]
    return found - math.log(m) - d / 2 * math.log(2 * math.pi) - d * _beside(sigma, found).log()


def score(
    x: Float[Tensor, "*b n d"],
    cloud: Float[Tensor, "*c m d"],
    sigma: Sigma,
    *,
    form: str = "paper",
    backend: str = "auto",
) -> Float[Tensor, "*b n d"]:
    r"""Gradient of `log_density`: where the density of a smoothed cloud grows, and how fast.

    .. math:: g_\sigma(x) = \frac{m(x) - x}{\sigma^2}, \qquad m(x) = \sum_i w_i y_i, \qquad
              w_i \propto \exp\Bigl(-\frac{\lVert x - y_i \rVert^2}{2 \sigma^2}\Bigr)

    - `form`: "paper", or "released": the published code has sigma^2 in place of 2 sigma^2 in the weights (in a picture
      alone), and its result is the gradient of no density of this width;
    - `backend`: of `soft_nearest`.

    Shapes, errors and cost: as `log_density`; result that of x. Unit: 1 / length.
    Reference: cai2020shapegf (Eqs. 2, 3).

    >>> import torch
    >>> score(torch.tensor([[0.5]]), torch.tensor([[0.0]]), 0.1).tolist()
    [[-50.0]]
    """
    moved = displacement(x, cloud, sigma, form=form, backend=backend)
    return moved / _beside(sigma, moved).square()


def displacement(
    x: Float[Tensor, "*b n d"],
    cloud: Float[Tensor, "*c m d"],
    sigma: Sigma,
    *,
    form: str = "paper",
    backend: str = "auto",
) -> Float[Tensor, "*b n d"]:
    r"""The step from each place to the mean of what lies around it: sigma^2 times the score.

    .. math:: y_\sigma(x) = \sigma^2 g_\sigma(x) = m(x) - x

    It ends within the convex hull of the cloud: at the nearest point for a small sigma, in the middle of all for a
    large one. This is the field that a network learns by `denoising_loss`, and the best that it can learn.

    - `form`, `backend`: as in `score`.

    Shapes, errors and cost: as `log_density`; result that of x. Unit: length. Reference: cai2020shapegf (Eqs. 2, 3).

    >>> import torch
    >>> cloud = torch.tensor([[0.0], [1.0]])
    >>> [round(displacement(torch.tensor([[0.2]]), cloud, sigma).item(), 2) for sigma in (0.1, 1.0, 10.0)]
    [-0.2, 0.23, 0.3]
    """
    check_option("form", form, FORMS)
    x, cloud = _paired(x, cloud)
    width = sigma
    if form == "released":
        check_sigma(sigma, len(x))
        width = sigma * math.sqrt(0.5)
    return soft_nearest(x, cloud, width, backend=backend).mean - x


def _paired(x: Tensor, cloud: Tensor) -> tuple[Tensor, Tensor]:
    if isinstance(x, Tensor) and isinstance(cloud, Tensor) and x.ndim == 3 and cloud.ndim == 2:
        cloud = cloud.expand(len(x), -1, -1)
    return as_pair(x, cloud, ("x", "cloud"))


def _beside(sigma: Sigma, like: Tensor) -> Tensor:
    """The width of each cloud, in shape to meet its points."""
    width = torch.as_tensor(sigma, dtype=like.dtype, device=like.device).detach()
    return width.reshape(-1, *[1] * (like.ndim - 1)) if width.ndim == 1 else width
