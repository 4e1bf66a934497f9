"""A linear face model (ICT-FaceKit's neutral face and modes): as many registered faces as one likes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from pcl_lib._checks import check_integer
from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._any_file import draw_surface, place_cloud
from pcl_lib.data.readers._errors import read_error
from pcl_lib.data.readers._make_clouds import make_cloud, rng_for
from pcl_lib.data.readers._mesh import Mesh, check_mesh
from pcl_lib.data.readers._numpy_files import load_npz
from pcl_lib.data.readers._read_files import locate

MODEL_FILE = "ict_modes.npz"


class FaceModel(NamedTuple):
    """face(w) = neutral + sum_k w_k modes_k: ``neutral`` (V, 3), ``modes`` (K, V, 3), in cm; ``tri``."""

    neutral: np.ndarray
    modes: np.ndarray
    tri: np.ndarray

    def face(self, w: np.ndarray) -> Mesh:
        """The mesh neutral + sum_k w_k modes_k for weights ``w`` (K,), w ~ N(0, 1) for a plausible face."""
        w = np.asarray(w, dtype=np.float64)
        if w.shape != (len(self.modes),):
            raise ValueError(
                f"w must be one weight for each of {len(self.modes)} modes, received shape {w.shape}"
            )
        return Mesh(self.neutral + np.tensordot(w, self.modes, axes=1), self.tri)


def face_model(root: str | Path | None = None) -> FaceModel:
    """The model in ``faces/ict_modes.npz``: ``neutral`` (V, 3), ``modes`` (K, V, 3), ``tri`` (F, 3).

    Cost: O(K V) memory in float64 (27 MB for 100 modes of 11,248 vertices). Errors: ReadError.
    """
    expected = "neutral (V, 3), modes (K, V, 3), tri (F, 3)"
    base = locate(root, ["faces"], MODEL_FILE, f"faces/{MODEL_FILE} with {expected}")
    got = load_npz(base / MODEL_FILE, ["neutral", "modes", "tri"])
    modes, tri = got["modes"], got["tri"]
    if (
        modes.shape[1:] != got["neutral"].shape
        or tri.ndim != 2
        or tri.shape[1] != 3
        or tri.dtype.kind not in "iu"
    ):
        shapes = {key: array.shape for key, array in got.items()}
        raise read_error(base / MODEL_FILE, f"arrays of shapes {shapes}", expected=expected)
    if not np.isfinite(modes).all():
        raise read_error(base / MODEL_FILE, "a mode has NaN or infinite entries", expected="finite modes")
    neutral = check_mesh(base / MODEL_FILE, got["neutral"], tri.astype(np.int64))
    return FaceModel(neutral.vertices, modes.astype(np.float64), neutral.faces)


def ict_faces(
    n_shapes: int, n_points: int | None = 2048, *, root: str | Path | None = None, seed: int = 0
) -> list[Cloud]:
    """``n_shapes`` random faces in correspondence, weights w ~ N(0, 1), in centimetres.

    Row i is the same place of the face in every cloud: points are drawn once on the neutral face, uniform
    by area, and carried along (``n_points=None``: the 11,248 vertices). Face k depends on ``seed`` and k
    alone, so a longer set starts with the shorter one.

    Cost: O(n_shapes (K V + n)). Errors: ReadError; ValueError for ``n_shapes`` < 1.
    """
    check_integer("n_shapes", n_shapes, 1)
    model = face_model(root)
    neutral = Mesh(model.neutral, model.tri)
    draws = (
        None
        if n_points is None
        else draw_surface(neutral, n_points, seed=seed, key="surface", path=MODEL_FILE)
    )
    clouds = []
    for k in range(n_shapes):
        name = f"face_{k:04d}"
        mesh = model.face(rng_for(seed, name).standard_normal(len(model.modes)))
        if draws is None:
            clouds.append(
                make_cloud(MODEL_FILE, mesh.vertices, name=name, category="face", dtype=torch.float32)
            )
        else:
            clouds.append(
                place_cloud(mesh, draws, path=MODEL_FILE, name=name, category="face", dtype=torch.float32)
            )
    return clouds
