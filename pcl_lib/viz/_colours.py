"""The few colours that every figure is drawn in."""

# Okabe and Ito's palette: distinguishable with each common kind of colour blindness. Black leads because a
# single curve or cloud needs no hue; the palette's yellow is left out, nobody can read it on white paper.
INK = "#1b1f24"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#E69F00"
SKY = "#56B4E9"
PALETTE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, INK)

PALE = "#bcc3cd"  # a cloud that stands behind another one
GRID = "#d9dde3"
LINE = "#8a93a0"  # thin lines between points

# Perceptually uniform and readable without colour vision. Reversed, so that a large value is the darkest ink;
# the lightest tenth is cut away, for it would vanish on white paper.
VALUE_MAP = "viridis_r"
VALUE_MAP_START = 0.08
