"""What the post on D-PCC's losses says that a record can judge, and how long the released code trains."""

from __future__ import annotations

# Passes over the training data of the released code; the post names no length.
EPOCHS = 50
LADDER = '"larger lambda, smaller files at the cost of more distortion"'
BOTH = "counts and mean distances both matter for the density of what comes back"
COUNTS = 'the count loss is "a coarser global consistency check"'
# Not of the post: what one would take the codec for.
AHEAD = "the codec is ahead of octree and grid in D2 below 4 bits a point"
SECTIONS = {
    LADDER: "Rate-distortion loss",
    AHEAD: "not of the post",
    BOTH: "Density Loss",
    COUNTS: "Point-Count Loss",
}
