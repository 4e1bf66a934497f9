"""Data sets of one surface in many forms, all in one frame: with shared places, in a shuffled order, or as scans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib._checks import check_integer, check_option
from pcl_lib.data import _sampling as sampling
from pcl_lib.data import figures
from pcl_lib.data._cloud import Cloud
from pcl_lib.data._figure_body import body
from pcl_lib.data.readers import face_model
from pcl_lib.data.readers._make_clouds import rng_for

SETS = ("faces", "figures")
MODES = ("shared", "shuffled", "independent")


class ConsistentClouds(NamedTuple):
    """`clouds` (S, N, 3) = (original - `centre`) / `scale`, one shift and one scale for all of them.

    `places` (S, N): the place of the surface that each row is a point of, or None where each cloud has places of its
    own. `centre` (3,) is float64, and both are in the original unit.
    """

    clouds: Float[Tensor, "s n 3"]
    places: Int64[Tensor, "s n"] | None
    centre: Float[Tensor, "3"]
    scale: float

    def restore(self, points: Float[Tensor, "*b n 3"]) -> Float[Tensor, "*b n 3"]:
        """Points of the common frame (a reconstruction, say) back in the original unit."""
        restored = points.double() * self.scale + self.centre.to(points.device)
        return restored.to(points.dtype)


def consistent_clouds(
    name: str,
    shapes: int,
    points: int,
    *,
    mode: str = "shuffled",
    seed: int = 0,
    family: int = 0,
    root: str | Path | None = None,
) -> ConsistentClouds:
    """`shapes` clouds of `points` points of one surface, in one frame: the longest side of their box is from -1 to 1.

    - `name`: "faces" of the ICT model, in centimetres, whose file `face_model` looks for in `root`; or "figures", the
      synthetic ones of `pcl_lib.data.figures`.
    - `mode`: "shared", the same places in the same order, which only an oracle may see; "shuffled", the same places in
      another order for each cloud, so that an assignment without error exists; "independent", fresh places for each
      cloud, uniform by its own area, as scans have them.
    - `seed`: of the places and the orders. Another one gives other points of the same shapes, in the same frame.
    - `family`: which shapes. Those of another family lie in another frame: take those to train on and those to test on
      from one call.

    The frame is that of all the meshes, so it depends on `name`, `shapes` and `family` alone. Scaled by
    itself, a cloud would lose its size, and could not be given back in centimetres. A longer set has the same
    shapes in another frame. Cost: about 10 ms and 0.2 microseconds per point for each cloud. Errors:
    `ValueError` for an unknown name or mode and for sizes below 1; `ReadError` without the faces' file.
    Reference: neuralqaad2022.

    >>> found = consistent_clouds("figures", 3, 500)
    >>> found.clouds.shape, found.places.sort(1).values[2, :3].tolist(), round(float(found.clouds.abs().max()), 1)
    (torch.Size([3, 500, 3]), [0, 1, 2], 1.0)
    """
    check_option("name", name, SETS)
    check_option("mode", mode, MODES)
    check_integer("shapes", shapes, 1)
    check_integer("points", points, 1)
    check_integer("seed", seed, 0)
    check_integer("family", family, 0)
    meshes, rest, triangles = _faces(shapes, family, root) if name == "faces" else _figures(shapes, family)
    shared = sampling.draw(rest, triangles, points, rng_for(seed, "surface"))
    made = np.empty((shapes, points, 3))
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for k, vertices in enumerate(meshes):
        draws = shared
        if mode == "independent":
            draws = sampling.draw(vertices, triangles, points, rng_for(seed, f"surface {k}"))
        made[k] = sampling.place(vertices, triangles, draws)
        low, high = np.minimum(low, vertices.min(0)), np.maximum(high, vertices.max(0))
    return _in_one_frame(made, low, high, mode, seed)


def as_consistent(
    clouds: Sequence[Cloud | Tensor], *, mode: str = "shared", seed: int = 0
) -> ConsistentClouds:
    """Clouds that correspond row by row, such as `registered_meshes` reads them, in one common frame.

    - `mode`: "shared" keeps their order, "shuffled" deals each cloud by `seed`. Fresh places need a surface: they are
      not to be had of points.
    - `seed`: of the orders.

    The frame is the box of all points, centred and scaled by its longest side to [-1, 1]. Cost: O(S N).
    Errors: `ValueError` for no cloud, clouds of unequal size, one that is not (N, 3) and finite (it is named), and
    points that all coincide.

    >>> found = as_consistent([torch.zeros(2, 3), torch.full((2, 3), 4.0)])
    >>> found.clouds[:, 0].tolist(), found.centre.tolist(), found.scale
    ([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]], [2.0, 2.0, 2.0], 2.0)
    """
    check_option("mode", mode, MODES[:2])
    if len(clouds) == 0:
        raise ValueError("clouds must hold at least one cloud, received none")
    held = [cloud.points if isinstance(cloud, Cloud) else cloud for cloud in clouds]
    for k, (cloud, points) in enumerate(zip(clouds, held, strict=True)):
        named = f"cloud {k}" + (f" ({cloud.name!r})" if isinstance(cloud, Cloud) and cloud.name else "")
        if points.ndim != 2 or points.shape[1] != 3 or len(points) == 0:
            raise ValueError(f"clouds must be (N, 3), received {named} of shape {tuple(points.shape)}")
        if len(points) != len(held[0]):
            raise ValueError(
                f"clouds must have one size, received {named} of {len(points)} points and cloud 0 of "
                f"{len(held[0])}; draw as many points of each, as registered_meshes(n_points=...) does"
            )
        if bad := int((~torch.isfinite(points)).any(1).sum()):
            raise ValueError(
                f"clouds must be finite, received {named} with {bad} points that are not; mend it or leave it out"
            )
    made = torch.stack([points.detach().cpu().double() for points in held]).numpy()
    return _in_one_frame(made, made.min((0, 1)), made.max((0, 1)), mode, seed)


def _in_one_frame(
    made: np.ndarray, low: np.ndarray, high: np.ndarray, mode: str, seed: int
) -> ConsistentClouds:
    centre, scale = (low + high) / 2, float((high - low).max() / 2)
    if not scale > 0:
        raise ValueError(
            f"clouds must have a positive extent, received points that all lie at {low.tolist()}"
        )
    clouds = torch.from_numpy(((made - centre) / scale).astype(np.float32))
    shapes, points = clouds.shape[:2]
    places = None
    if mode == "shared":
        places = torch.arange(points, device="cpu").repeat(shapes, 1)
    elif mode == "shuffled":
        orders = (rng_for(seed, f"order {k}").permutation(points) for k in range(shapes))
        places = torch.from_numpy(np.stack(list(orders)))
        clouds = clouds.gather(1, places[..., None].expand(-1, -1, 3))
    return ConsistentClouds(clouds, places, torch.from_numpy(centre), scale)


def _faces(
    shapes: int, family: int, root: str | Path | None
) -> tuple[Iterator[np.ndarray], np.ndarray, np.ndarray]:
    """Vertices of each face, those that places are drawn on, and the triangles; the faces of `ict_faces`."""
    model = face_model(root)
    weights = (rng_for(family, f"face_{k:04d}").standard_normal(len(model.modes)) for k in range(shapes))
    return (model.face(w).vertices for w in weights), model.neutral, model.tri


def _figures(shapes: int, family: int) -> tuple[Iterator[np.ndarray], np.ndarray, np.ndarray]:
    meshes = (np.asarray(figures.mesh(k, seed=family).vertices) for k in range(shapes))
    return meshes, body().vertices, body().faces
