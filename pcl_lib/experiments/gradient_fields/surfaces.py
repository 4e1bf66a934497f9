"""Surfaces for the counterpart of ShapeGF's Table 7: level sets of fields and AtlasNet's patches, as meshes, and how
far they are from the analytic meshes of the families.

The paper compares with meshes of ShapeNet, and trains without them, as is done here: the meshes judge alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64
from scipy.spatial import ConvexHull
from torch import Tensor

from pcl_lib.data import sample_mesh, synthetic
from pcl_lib.distances import chamfer, displacement, emd
from pcl_lib.experiments.runner.paired_difference import Difference
from pcl_lib.metrics import mesh_accuracy
from pcl_lib.models import (
    AtlasDecoder,
    LevelSet,
    level_set,
    middle_sheet,
    sphere_grid,
    without_false_sheets,
)

Field = Callable[[Tensor], Tensor]
SIGMA = 0.01  # the lowest noise level of the paper's ladder
DENSE = (
    20_000  # points of the true mesh that mesh accuracy looks for: half their spacing is the least it can see
)
SPACING = 0.5  # sigma of an exact field over the spacing of its points: less and the points stand alone


class TriangleMesh(NamedTuple):
    """vertices (V, 3) and faces (F, 3)."""

    vertices: Float[Tensor, "v 3"]
    faces: Int64[Tensor, "f 3"]


class SurfaceScores(NamedTuple):
    """Of one mesh against the true one, of as many points on each: `cd` a squared length (both directions added), `emd`
    and `mesh_accuracy` lengths. NaN where there is no mesh."""

    cd: float
    emd: float
    mesh_accuracy: float


def surface_of(
    field: Field, *, resolution: int = 128, level: float | None = None, device: torch.device | str = "cpu"
) -> LevelSet:
    """The surface of a field, which takes points (N, 3) to displacements: the outer sheet of its level set without the
    false sheets, moved to the middle of the shell. Errors: as `level_set`."""
    found = level_set(field, resolution=resolution, level=level, device=device).sheet("outer")
    return middle_sheet(field, without_false_sheets(field, found))


def exact_surface(
    points: Float[Tensor, "n 3"], area: float, *, resolution: int = 128, box: float = 3.0
) -> LevelSet:
    """The surface of the exact field of a cloud, no network: what the points alone say.

    sigma is half the spacing of the points, the root of `area` / N, or the paper's least if that is more; the level
    is 1.5 cells, or sigma if that is more: from a point of the surface the mean of its neighbours is about so far.
    """
    sigma = max(SPACING * math.sqrt(area / len(points)), SIGMA)
    level = max(1.5 * box / resolution, sigma)
    return surface_of(lambda x: displacement(x, points, sigma), resolution=resolution, level=level)


def exact_scores(
    family: str, seed: int, n_points: int, *, resolution: int = 128, judged: int = 1024
) -> SurfaceScores:
    """`surface_scores` of the exact field of `n_points` independent points of a synthetic shape."""
    truth = synthetic.mesh(family, seed=seed)
    points = synthetic.sample(family, n_points, seed=seed).points
    return surface_scores(
        exact_surface(points, float(truth.area), resolution=resolution), truth, judged=judged, seed=seed
    )


def atlas_mesh(decoder: AtlasDecoder, code: Float[Tensor, " k"], *, side: int = 20) -> TriangleMesh:
    """AtlasNet's shape as a mesh: each patch a grid of `side` x `side` points, or the sphere with as many in all.

    The points are those of the regular grid, as in eval mode; patches that meet in space share no vertex. `decoder` is
    left as it was.
    """
    each = side * side
    training = decoder.training
    decoder.eval()
    with torch.no_grad():
        points = decoder(code[None], each * decoder.patches)[0].cpu()
    decoder.train(training)
    faces = _sphere_faces(each) if decoder.surface == "sphere" else _square_faces(side)
    # Point i belongs to patch i % P.
    patches = [points[p :: decoder.patches] for p in range(decoder.patches)]
    joined = torch.cat([faces + p * each for p in range(decoder.patches)])
    return TriangleMesh(torch.cat(patches), joined)


def _square_faces(side: int) -> Int64[Tensor, "f 3"]:
    """Two triangles for each square of a grid of side x side points, row by row."""
    index = torch.arange(side * side).reshape(side, side)
    a, b, c, d = (t.reshape(-1) for t in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]))
    return torch.cat([torch.stack([a, b, c], -1), torch.stack([a, c, d], -1)])


def _sphere_faces(n: int) -> Int64[Tensor, "f 3"]:
    """The triangles of the convex hull of `sphere_grid`, which is the Delaunay triangulation of its points."""
    return torch.from_numpy(ConvexHull(sphere_grid(n).numpy()).simplices.astype(np.int64))


def surface_scores(mesh: Any, truth: Any, *, judged: int = 1024, seed: int = 0) -> SurfaceScores:
    """How far a mesh is from the true one. Both have `vertices` and `faces`; points are drawn uniformly by area.

    CD and EMD are between `judged` points of each, and mesh accuracy is the distance within which nine tenths of those
    of `mesh` lie of 20,000 points of `truth`.
    """
    if len(mesh.faces) == 0:
        return SurfaceScores(math.nan, math.nan, math.nan)
    made = sample_mesh(mesh, judged, seed=seed).points
    dense = sample_mesh(truth, DENSE + judged, seed=seed + 1).points
    reference, dense = dense[:judged], dense[judged:]
    return SurfaceScores(
        float(chamfer(made, reference)), float(emd(made, reference).value), float(mesh_accuracy(made, dense))
    )


def summary(scores: Sequence[SurfaceScores]) -> dict[str, float]:
    """The columns of Table 7 over shapes: CD, its median, EMD and mesh accuracy, in the units of `SurfaceScores`."""
    cd, earth, accuracy = (np.array(column) for column in zip(*scores, strict=True))
    return {
        "CD": float(cd.mean()),
        "CD (median)": float(np.median(cd)),
        "EMD": float(earth.mean()),
        "mesh accuracy": float(accuracy.mean()),
    }


def over_shapes(ours: Sequence[SurfaceScores], theirs: Sequence[SurfaceScores], metric: str) -> Difference:
    """Differences of each shape, in per cent of the mean of `theirs`; `metric`: a field of `SurfaceScores`."""
    one, other = (np.array([getattr(each, metric) for each in of]) for of in (ours, theirs))
    return Difference(tuple((100 * (one - other) / other.mean()).tolist()))
