"""Points on a mesh, uniform by area."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from pcl_lib._checks import check_integer
from pcl_lib.data import _sampling as sampling
from pcl_lib.data._cloud import Cloud


def sample_mesh(mesh: Any, n_points: int = 2048, *, seed: int) -> Cloud:
    """Independent points on a triangle mesh, uniform by area, with the normals of their faces.

    ``mesh`` has ``vertices`` (V, 3) and ``faces`` (F, 3), as arrays or tensors: a `trimesh.Trimesh`, what `read_mesh`
    gives, a level set. The first m points are what ``n_points=m`` gives, to the byte.

    Shapes: points (N, 3) float32, normals (N, 3), by the right-hand rule. Cost: O(F + N log F).
    Errors: ValueError for a mesh without area or with vertices that are not finite, n_points < 1, a negative seed.

    >>> from pcl_lib.data import synthetic
    >>> sample_mesh(synthetic.mesh("chair", seed=0), 100, seed=0)
    Cloud(name='', points=(100, 3), normals)
    """
    seed = check_integer("seed", seed, 0)
    vertices, faces = (_array(getattr(mesh, name)) for name in ("vertices", "faces"))
    vertices = vertices.astype(np.float64)
    if not np.isfinite(vertices).all():
        bad = int((~np.isfinite(vertices).all(-1)).sum())
        raise ValueError(f"mesh must have finite vertices, received {bad} of {len(vertices)} that are not")
    draws = sampling.draw(vertices, faces, n_points, np.random.default_rng(seed))
    return Cloud(
        torch.from_numpy(sampling.place(vertices, faces, draws)).float(),
        normals=torch.from_numpy(sampling.face_normals(vertices, faces)[draws.face]).float(),
    )


def _array(values: Any) -> np.ndarray:
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
