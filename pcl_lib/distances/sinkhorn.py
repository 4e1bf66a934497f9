"""The Sinkhorn divergence, by geomloss."""

from __future__ import annotations

import math
from contextlib import redirect_stdout
from io import StringIO

from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import check_pair


def sinkhorn(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    blur: float,
    squared: bool = False,
    scaling: float = 0.5,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""Sinkhorn divergence of two clouds: transport blurred at a length, with the bias of the blur taken off.

    .. math:: S(X, Y) = OT_\varepsilon(X, Y) - \tfrac12 OT_\varepsilon(X, X) - \tfrac12 OT_\varepsilon(Y, Y)

    with all points of a cloud weighing the same. `blur` is a length in the units of the clouds, below which they are
    not told apart: eps = blur for lengths, twice blur squared for squared lengths. As blur goes to 0 the divergence
    tends to the mean `emd` of the same `squared`; as it grows, to a distance of blurred clouds, which is smaller.
    The entropy that makes OT_eps fast also biases it: OT_eps(X, X) is not 0, and a cloud fitted to Y by OT_eps
    alone shrinks. The two subtracted terms take off that bias, so that S(X, X) = 0; what stays is the blur.
    `scaling` in (0, 1), by which eps shrinks from one step to the next: nearer to 1 is slower and more accurate, and it
    matters as much as blur. On 60 evenly spread points of the unit cube with blur = 0.003, 0.5 reads 14 % below `emd`
    (42 % squared), 0.95 3 % (9 %), 0.99 0.3 % (1.2 %); less on random points. `backend`: "auto", "tensorized",
    "online" (KeOps, memory linear in N) or "multiscale", as geomloss has them.

    Convention card. Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). Unit: length (length
    squared with squared=True: twice what geomloss returns for p = 2), in [0, inf) up to the tolerance of its
    iteration. Symmetric. Not a metric. Zero iff both clouds are the same weighted set, up to that tolerance.
    Translation and rotation invariant; scales with the scale if blur does.
    Cost: O(N M log(extent / blur)) time, memory O(N M) tensorized, O(N + M) online.
    Errors: `ValueError` for a blur that is not positive, a scaling outside (0, 1), or clouds that do not pair.
    Reference: feydy2019sinkhorn.

    >>> import torch
    >>> x, y = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]])
    >>> round(sinkhorn(x, y, blur=0.01).item(), 3), round(sinkhorn(x, y, blur=0.01, squared=True).item(), 2)
    (5.0, 25.0)
    """
    if not (math.isfinite(blur) and blur > 0):
        raise ValueError(f"blur must be a positive, finite length, received {blur!r}")
    if not 0 < scaling < 1:
        raise ValueError(f"scaling must lie between 0 and 1, both excluded, received {scaling!r}")
    check_pair(x, y)
    # Slow to import and wanted by few, so only here; and importing KeOps with it announces on stdout that there is
    # no GPU.
    with redirect_stdout(StringIO()):
        from geomloss import SamplesLoss  # type: ignore[import-untyped]

    # geomloss begins at the extent of the clouds, and takes its logarithm; where all is in one place, begin at blur.
    apart = bool((x.detach() != x.detach()[..., :1, :]).any() or (y.detach() != x.detach()[..., :1, :]).any())
    loss = SamplesLoss(
        "sinkhorn",
        p=2 if squared else 1,
        blur=blur,
        scaling=scaling,
        backend=backend,
        diameter=None if apart else blur,
    )
    value = loss(x.contiguous(), y.contiguous())
    return 2 * value if squared else value
