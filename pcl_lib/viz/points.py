"""Points on paper: drawn back to front, far ones smaller and lighter."""

import matplotlib.axes
import numpy as np
from matplotlib import colormaps
from matplotlib.colors import ListedColormap, to_rgb
from scipy.spatial import cKDTree

from pcl_lib.viz.colours import VALUE_MAP, VALUE_MAP_START
from pcl_lib.viz.project import Projected, camera

PAPER = np.ones(3)
FADE = 0.62  # how far the farthest point has gone towards paper


def value_map() -> ListedColormap:
    """The colour map of values: pale is small, dark is large."""
    return ListedColormap(colormaps[VALUE_MAP](np.linspace(VALUE_MAP_START, 1.0, 256)))


def marker_diameter(n: int, width: float, height: float) -> float:
    """Diameter in CSS pixels at which `n` points fill a picture without clotting."""
    return float(np.clip(1.15 * np.sqrt(width * height / max(n, 1)) * 0.62, 1.5, 9.0))


def lambert(points: np.ndarray, normals: np.ndarray, view: tuple[float, float]) -> np.ndarray:
    """Brightness (N,) in 0..1 under a lamp over the viewer's left shoulder; a normal's sign does not matter."""
    lamp = np.array([-0.45, 0.65, 0.75]) @ camera(view)
    length = np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
    return np.abs(normals @ (lamp / np.linalg.norm(lamp))) / length


def estimate_normals(points: np.ndarray, k: int = 16) -> np.ndarray:
    """Unsigned normals (N, 3): the direction in which a point's `k` neighbours spread least."""
    _, index = cKDTree(points).query(points, k=min(k, len(points)))
    spread = points[index.reshape(len(points), -1)] - points[:, None]
    spread = spread - spread.mean(axis=1, keepdims=True)
    return np.linalg.eigh(np.einsum("nki,nkj->nij", spread, spread))[1][:, :, 0]


def fade(colour: np.ndarray, depth: np.ndarray, amount: float = FADE) -> np.ndarray:
    """Colours (N, 3) mixed with paper by depth, as haze does."""
    haze = amount * depth[:, None]
    return colour * (1 - haze) + PAPER * haze


def draw_points(
    ax: matplotlib.axes.Axes,
    seen: Projected,
    colour: str | np.ndarray,
    *,
    diameter: float,
    haze: float = FADE,
    zorder: float = 2.0,
) -> None:
    """Draws the projected points in `colour` (a name, or (N, 3) numbers)."""
    rgb = np.broadcast_to(
        np.asarray(to_rgb(colour)) if isinstance(colour, str) else colour, (len(seen.xy), 3)
    )
    rgb = fade(rgb, seen.depth, haze)
    order = np.argsort(-seen.depth, kind="stable")
    in_points = diameter * 72 / 100
    ax.scatter(
        *seen.xy[order].T,
        s=in_points**2 * seen.size[order],
        c=rgb[order],
        linewidths=0.06 * in_points,
        edgecolors=(rgb * 0.72)[order],
        zorder=zorder,
    )
