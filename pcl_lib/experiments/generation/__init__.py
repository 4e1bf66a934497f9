"""New shapes: distributions of shapes and what their samples are worth (ShapeGF, Tables 3, 5, 6 and 9)."""
