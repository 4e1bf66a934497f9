"""The figures of the book, all of one family. Each function returns an object that shows itself on the page."""

from pcl_lib.viz.cloud import cloud, clouds
from pcl_lib.viz.colours import PALETTE
from pcl_lib.viz.curves import curves
from pcl_lib.viz.figure import Figure
from pcl_lib.viz.frames import Frames, frames
from pcl_lib.viz.matching import draw_matching, matching
from pcl_lib.viz.points import draw_cloud
from pcl_lib.viz.rotatable import rotatable
from pcl_lib.viz.show import show
from pcl_lib.viz.style import style
from pcl_lib.viz.table import table

__all__ = [
    "PALETTE",
    "Figure",
    "Frames",
    "cloud",
    "clouds",
    "curves",
    "draw_cloud",
    "draw_matching",
    "frames",
    "matching",
    "rotatable",
    "show",
    "style",
    "table",
]
