"""A point cloud with what a file or a generator knows about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import check_integer
from pcl_lib._seeded import seeded
from pcl_lib.data.transforms import resample


@dataclass(frozen=True, eq=False)
class Cloud:
    """One cloud: its points and, where known, what belongs to each of them.

    - `points`: (N, D) float32 tensor, or float64 where float32 would lose digits (see ``read_cloud``).
    - `normals`: (N, D) float32 tensor of unit outward normals, or None.
    - `colors`: (N, 3) tensor, as the source stores them, or None.
    - `labels`: (N,) int64 tensor, one part or class label per point, or None.
    - `name`: what the source calls this cloud.
    - `category`: the class of the whole object ("chair"), or None.
    - `split`: "train", "val" or "test" where the source has one, or None.
    - `dropped`: how many points ``drop_bad=True`` left out when the file was read.

    Errors: ValueError if ``points`` is not (N, D) float32 or float64 with N >= 1, or if a per-point tensor
    does not have N rows.

    >>> Cloud(torch.zeros(5, 3), name="five")
    Cloud(name='five', points=(5, 3))
    """

    points: Float[Tensor, "n d"]
    normals: Tensor | None = None
    colors: Tensor | None = None
    labels: Tensor | None = None
    name: str = ""
    category: str | None = None
    split: str | None = None
    dropped: int = 0

    def __post_init__(self) -> None:
        p = self.points
        if not isinstance(p, Tensor) or p.ndim != 2 or p.dtype not in (torch.float32, torch.float64):
            received = f"{tuple(p.shape)} {p.dtype}" if isinstance(p, Tensor) else type(p).__name__
            raise ValueError(
                f"points must be an (N, D) float32 or float64 tensor, received {received}; "
                "convert with torch.as_tensor(x).float()"
            )
        if len(p) == 0:
            raise ValueError(f"points must hold at least one point, received shape {tuple(p.shape)}")
        for name in ("normals", "colors", "labels"):
            value = getattr(self, name)
            if value is not None and (
                not isinstance(value, Tensor) or value.ndim == 0 or len(value) != len(p)
            ):
                received = str(tuple(value.shape)) if isinstance(value, Tensor) else type(value).__name__
                raise ValueError(
                    f"{name} must be a tensor with {len(p)} rows, one per point, received {received}"
                )

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        parts = [f"name={self.name!r}", f"points={tuple(self.points.shape)}"]
        parts += [f"{k}={getattr(self, k)!r}" for k in ("category", "split") if getattr(self, k) is not None]
        parts += ["float64"] * (self.points.dtype == torch.float64)
        parts += [f"dropped={self.dropped}"] * (self.dropped > 0)
        parts += [k for k in ("normals", "colors", "labels") if getattr(self, k) is not None]
        return f"Cloud({', '.join(parts)})"

    def with_points(self, points: Float[Tensor, "n d"]) -> Cloud:
        """The same cloud with other positions of the same N points (normals are kept as they are)."""
        if len(points) != len(self):
            raise ValueError(
                f"points must have {len(self)} rows as before, received {len(points)}; use select to drop points"
            )
        return replace(self, points=points)

    def select(self, index: Tensor) -> Cloud:
        """The points at ``index`` (int64 or bool), with everything that belongs to them."""

        def take(x: Tensor | None) -> Tensor | None:
            return None if x is None else x[index]

        return replace(
            self,
            points=self.points[index],
            normals=take(self.normals),
            colors=take(self.colors),
            labels=take(self.labels),
        )


def stack(clouds: Sequence[Cloud], n_points: int | None = None, seed: int = 0) -> Float[Tensor, "s n d"]:
    """Clouds as one batch (S, N, D), for training and for metrics on sets.

    Without ``n_points`` every cloud must have the same N and its points keep their order. With it,
    each cloud goes through `transforms.resample`: a random subset where it has enough points, all of
    them and random repeats where it has fewer. The batch is float64 if one of the clouds is. Cost: O(S N).

    Errors: ValueError for an empty list, unequal sizes without ``n_points``, unequal dimensions.

    >>> stack([Cloud(torch.rand(5, 3)), Cloud(torch.rand(9, 3))], 4).shape
    torch.Size([2, 4, 3])
    """
    if len(clouds) == 0:
        raise ValueError("clouds must hold at least one cloud, received an empty list")
    dims = sorted({c.points.shape[1] for c in clouds})
    if len(dims) > 1:
        raise ValueError(f"clouds must have one dimension, received {dims}")
    dtype = torch.float64 if any(c.points.dtype == torch.float64 for c in clouds) else torch.float32
    if n_points is None:
        sizes = sorted({len(c) for c in clouds})
        if len(sizes) > 1:
            raise ValueError(
                f"clouds must be of one size, received {sizes[0]} to {sizes[-1]} points; pass n_points to resample"
            )
        return torch.stack([c.points.to(dtype) for c in clouds])
    check_integer("n_points", n_points, 1)
    generator = seeded(seed)
    return torch.stack([resample(c.points.to(dtype), n_points, seed=generator) for c in clouds])
