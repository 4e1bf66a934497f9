"""Experiments of ShapeGF: gradient fields that auto-encode clouds, from sparse points, by several architectures."""
