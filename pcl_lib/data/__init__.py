"""Clouds to learn from and to measure on: generators, readers, normalisations, partial views."""

from pcl_lib.data import digits, synthetic, transforms, views
from pcl_lib.data.cloud import Cloud, stack

__all__ = ["Cloud", "digits", "stack", "synthetic", "transforms", "views"]
