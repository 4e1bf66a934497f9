"""The best linear code of clouds in true correspondence: what any network for them has to be held against."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_cloud, check_integer


class LinearCode(nn.Module):
    r"""Principal components of corresponding clouds: of all linear codes of this size, the one of least squared error.

    .. math:: z_s = C (x_s - \bar x), \qquad \hat x_s = \bar x + C^T z_s

    The rows of C (l, 3 N), `components`, are orthonormal, and with `mean` (N, 3) they are stored for the whole set:
    3 N (l + 1) numbers, far more than a network that folds one cloud. So it says how linear a set is, and is no rival
    at an equal rate. Both are buffers; nothing is trained.

    Shapes: `encode` clouds (B, N, 3), in the order of the places, to codes (B, l), in the unit of the coordinates;
    the module itself codes (B, l) to clouds (B, N, 3). Errors: `ValueError` for other sizes.

    >>> line = torch.linspace(0, 1, 5)[:, None, None] * torch.ones(1, 4, 3)
    >>> code = LinearCode.fit(line, 1)
    >>> round(float((code(code.encode(line)) - line).abs().max()), 6)
    0.0
    """

    mean: Tensor
    components: Tensor

    def __init__(self, mean: Float[Tensor, "n 3"], components: Float[Tensor, "l m"]) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("components", components)

    @classmethod
    def fit(cls, clouds: Float[Tensor, "s n 3"], code_size: int) -> LinearCode:
        """The `code_size` directions in which clouds (S, N, 3) vary most, in closed form; S must exceed `code_size`.

        By singular values, in float64. Cost: O(S^2 N) time, O(S N) memory.
        """
        check_cloud(clouds, "clouds", dims=3)
        if clouds.ndim != 3:
            raise ValueError(
                f"clouds must be a batch (S, N, 3), received {tuple(clouds.shape)}; add clouds[None]"
            )
        most = min(len(clouds) - 1, clouds[0].numel())
        check_integer(
            "code_size", code_size, 1, most, of=f"{most}, as {len(clouds)} clouds vary in no more directions"
        )
        flat = clouds.detach().double().flatten(1)
        mean = flat.mean(0)
        components = torch.linalg.svd(flat - mean, full_matrices=False).Vh[:code_size]
        return cls(mean.unflatten(0, (-1, 3)).to(clouds.dtype), components.to(clouds.dtype))

    def encode(self, x: Float[Tensor, "b n 3"]) -> Float[Tensor, "b l"]:
        check_cloud(x, "x", dims=3)
        if x.shape[1:] != self.mean.shape:
            raise ValueError(
                f"x must be clouds (B, {len(self.mean)}, 3) of the places that the code was fitted to, received "
                f"{tuple(x.shape)}"
            )
        return (x - self.mean).flatten(1) @ self.components.T

    def forward(self, code: Float[Tensor, "b l"]) -> Float[Tensor, "b n 3"]:
        if code.ndim != 2 or code.shape[1] != len(self.components):
            raise ValueError(
                f"code must be a batch of latent codes (B, {len(self.components)}), received {tuple(code.shape)}"
            )
        return self.mean + (code @ self.components).unflatten(1, (-1, 3))
