"""Point clouds: who is nearest, distances, losses, metrics, networks, training, codecs, data and figures, a package
each."""

from pcl_lib._citation import citation

__all__ = ["citation"]
