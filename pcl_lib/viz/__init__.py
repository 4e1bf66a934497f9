"""The figures of the book, all of one family. Each function returns an object that shows itself on the page."""

from pcl_lib.viz._cloud import cloud, clouds
from pcl_lib.viz._colours import PALETTE
from pcl_lib.viz._curves import curves
from pcl_lib.viz._figure import Figure, attribute, figure_html
from pcl_lib.viz._frames import Frames, frames
from pcl_lib.viz._matching import draw_matching, matching
from pcl_lib.viz._plan import draw_plan
from pcl_lib.viz._points import draw_cloud
from pcl_lib.viz._rotatable import rotatable
from pcl_lib.viz._shape_map import shape_map
from pcl_lib.viz._show import show
from pcl_lib.viz._style import style
from pcl_lib.viz._surface import surface
from pcl_lib.viz._table import table
from pcl_lib.viz._typeset import names_apart, typeset

__all__ = [
    "PALETTE",
    "Figure",
    "Frames",
    "attribute",
    "cloud",
    "clouds",
    "curves",
    "draw_cloud",
    "draw_matching",
    "draw_plan",
    "figure_html",
    "frames",
    "matching",
    "names_apart",
    "rotatable",
    "shape_map",
    "show",
    "style",
    "surface",
    "table",
    "typeset",
]
