"""Ray casting of the level set of a displacement field: Algorithm 3 of ShapeGF, a camera, and shading."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from pcl_lib._checks import check_integer, check_positive
from pcl_lib.models._field_values import PIECE, Field, field_at


class RayHits(NamedTuple):
    """What `ray_cast` found, for each ray of the batch (*r).

    `hit`: whether the ray's travel ended within `max_distance`, which is all that Algorithm 3 asks; `converged`:
    whether it ended at the level; `distance`, `points` (*r, D): where it ended; `normals` (*r, D): of unit length,
    turned to the viewer, zero where nothing was hit; `steps`: evaluations of the field.
    """

    hit: Bool[Tensor, "*r"]
    converged: Bool[Tensor, "*r"]
    distance: Float[Tensor, "*r"]
    points: Float[Tensor, "*r d"]
    normals: Float[Tensor, "*r d"]
    steps: Int64[Tensor, "*r"]


@torch.no_grad()
def ray_cast(
    field: Field,
    origins: Float[Tensor, "*o d"],
    directions: Float[Tensor, "*r d"],
    *,
    level: float = 0.005,
    step: float = 1.0,
    max_steps: int = 64,
    tolerance: float = 1e-4,
    max_distance: float = 10.0,
    piece: int = PIECE,
) -> RayHits:
    r"""Marches rays to the surface where the displacement y has the norm `level`: Algorithm 3 of ShapeGF.

    .. math:: d \leftarrow d + \gamma (\lVert y(o + d u) \rVert - \delta)

    The norm of y is about the distance to the shape, so a ray steps as far as nothing can be in its way. It must be y:
    Algorithm 3 prints the network's s, and for the score, y / sigma^2, a step of `step` = 1 would be 1 / sigma^2
    times too long. The normal is -y / norm(y), turned to the viewer.

    - `level`, `step`, `max_steps`: delta, gamma and k_max, by default those of the paper;
    - `tolerance`: a ray stops where norm(y) - delta is below it. Printed is no such stop: all rays take all steps;
    - `max_distance`: d_max, for which the paper has no number. As printed, d < d_max is asked after the last step
      alone: a ray that creeps along a surface for all its steps counts as a hit. `converged` tells;
    - `piece`: points that the field is given at once.

    A ray that starts within `level` of the shape hits at distance 0; one that starts inside of a closed shape meets
    its inner sheet. No gradient.

    Shapes: `origins` and `directions` (*r, D), which broadcast; directions of any length but 0. `field` takes (N, D)
    to (N, D). Unit: length. Cost: at most `max_steps` evaluations for each ray.
    Errors: `ValueError` for directions of no length, other shapes, a level, step, tolerance or distance that is not
    positive, and a field that is not finite. Reference: cai2020shapegf (Algorithm 3).

    >>> ball = lambda x: torch.nn.functional.normalize(x, dim=-1) - x  # displacement to the unit sphere
    >>> hits = ray_cast(ball, torch.tensor([3.0, 0.0, 0.0]), torch.tensor([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    >>> hits.hit.tolist(), round(hits.distance[0].item(), 3), hits.normals[0].tolist()
    ([True, False], 1.995, [1.0, 0.0, 0.0])
    """
    for name, value in (
        ("level", level),
        ("step", step),
        ("tolerance", tolerance),
        ("max_distance", max_distance),
    ):
        check_positive(name, value)
    check_integer("max_steps", max_steps, 1)
    start, u = _rays(origins, directions)
    n = len(start)
    distance, steps = start.new_zeros(n), torch.zeros(n, dtype=torch.int64, device=start.device)
    converged = torch.zeros(n, dtype=torch.bool, device=start.device)
    y, at = torch.zeros_like(start), start.clone()
    going = torch.arange(n, device=start.device)
    for _ in range(max_steps):
        at[going] = start[going] + distance[going, None] * u[going]
        y[going] = field_at(field, at[going], piece=piece)
        steps[going] += 1
        gap = y[going].norm(dim=-1) - level
        near = gap < tolerance
        converged[going[near]] = True
        going, gap = going[~near], gap[~near]
        distance[going] += step * gap
        going = going[distance[going] < max_distance]
        if len(going) == 0:
            break
    hit = distance < max_distance
    normals = -y / y.norm(dim=-1, keepdim=True).clamp_min(torch.finfo(y.dtype).tiny)
    away = (normals * u).sum(-1, keepdim=True) > 0
    normals = torch.where(away, -normals, normals) * hit[:, None]
    shape = torch.broadcast_shapes(origins.shape, directions.shape)
    return RayHits(
        hit.reshape(shape[:-1]),
        converged.reshape(shape[:-1]),
        distance.reshape(shape[:-1]),
        at.reshape(shape),
        normals.reshape(shape),
        steps.reshape(shape[:-1]),
    )


def _rays(origins: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
    """Starts and unit directions (R, D)."""
    try:
        start, u = torch.broadcast_tensors(origins, directions)
    except RuntimeError as error:
        raise ValueError(
            f"origins and directions must broadcast to one shape (*r, D), received {tuple(origins.shape)} and "
            f"{tuple(directions.shape)}"
        ) from error
    start, u = start.reshape(-1, start.shape[-1]), u.reshape(-1, u.shape[-1])
    length = u.norm(dim=-1, keepdim=True)
    if not bool((torch.isfinite(start).all(-1) & torch.isfinite(length[:, 0]) & (length[:, 0] > 0)).all()):
        raise ValueError("origins and directions must be finite, directions of a length that is not 0")
    return start.clone(), u / length


def camera_rays(
    width: int = 160,
    height: int | None = None,
    *,
    view: tuple[float, float] = (20.0, -60.0),
    distance: float = 4.5,
    extent: float = 1.2,
) -> tuple[Float[Tensor, "3"], Float[Tensor, "h w 3"]]:
    """The rays of a camera that looks at the origin, Z up: an eye and a unit direction for each pixel.

    - `view`: elevation and azimuth in degrees, as in `viz.cloud`;
    - `distance`: of the eye from the origin;
    - `extent`: half the width of what it sees there.

    `height` is `width` if not given; pixels are square, row 0 is the upper one. Shapes: (3,) and (height, width, 3),
    float32 on the CPU. Errors: `ValueError` for less than one pixel, a distance or extent that is not positive.

    >>> eye, rays = camera_rays(3, view=(0.0, 0.0), distance=2.0)
    >>> eye.tolist(), rays.shape, rays[1, 1].tolist()
    ([2.0, 0.0, 0.0], torch.Size([3, 3, 3]), [-1.0, 0.0, 0.0])
    """
    height = width if height is None else height
    check_integer("width", width, 1)
    check_integer("height", height, 1)
    check_positive("distance", distance)
    check_positive("extent", extent)
    elevation, azimuth = (math.radians(angle) for angle in view)
    cos = math.cos(elevation)
    back = np.array([cos * math.cos(azimuth), cos * math.sin(azimuth), math.sin(elevation)])
    right = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
    up = np.cross(back, right)
    x = (2 * np.arange(width) + 1 - width) / width * extent
    y = (height - 1 - 2 * np.arange(height)) / width * extent
    eye = distance * back
    rays = x[None, :, None] * right + y[:, None, None] * up - eye
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    # + 0.0 turns -0.0 into 0.0
    return torch.from_numpy(eye + 0.0).float(), torch.from_numpy(rays + 0.0).float()


def shaded(
    hits: RayHits,
    *,
    light: tuple[float, float, float] = (0.35, -0.55, 0.75),
    ambient: float = 0.3,
    background: float = 1.0,
) -> Float[Tensor, "*r"]:
    r"""The brightness of each ray by Lambert's law, for `imshow(.., cmap="gray", vmin=0, vmax=1)`.

    .. math:: a + (1 - a) \max(0, n \cdot l)

    - `light`: the direction towards the light, of any length;
    - `ambient`: a, the brightness of what it does not reach;
    - `background`: where nothing was hit.

    Shape: (*r), in [0, 1]. Errors: `ValueError` for an ambient or background outside [0, 1], or a light of no length.

    >>> ball = lambda x: torch.nn.functional.normalize(x, dim=-1) - x
    >>> eye, rays = camera_rays(5, view=(0.0, 0.0))
    >>> shaded(ray_cast(ball, eye, rays), light=(1.0, 0.0, 0.0))[2].tolist()
    [0.68, 0.95, 1.00, 0.95, 0.68]
    """
    for name, share in (("ambient", ambient), ("background", background)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must be a brightness in [0, 1], received {share!r}")
    towards = hits.normals.new_tensor(light)
    if not towards.norm() > 0:
        raise ValueError(f"light must be a direction of a length that is not 0, received {light!r}")
    towards = towards / towards.norm()
    bright = ambient + (1 - ambient) * (hits.normals * towards).sum(-1).clamp_min(0)
    return torch.where(hits.hit, bright, bright.new_tensor(background))
