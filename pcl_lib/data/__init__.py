"""Clouds to learn from and to measure on: generators, readers, normalisations, partial views."""

from pcl_lib.data import synthetic
from pcl_lib.data.cloud import Cloud, stack

__all__ = ["Cloud", "stack", "synthetic"]
