"""The small D-PCC that ships with the library: trained from nothing in some minutes of one core, and written.

python -m pcl_lib.experiments.compression.ship pcl_lib/codec/shipped/dpcc.pclm

Stopped, it goes on. Faces need the data set of `readers.ict_faces` (`PCL_DATA`). The seeds of its shapes are not those
of `synthetic.dataset`, nor small numbers: measure on others.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import torch

from pcl_lib.codec import write_model
from pcl_lib.data import Patches, dense_shape, street, synthetic, uneven_cubes, views
from pcl_lib.data.readers import ict_faces
from pcl_lib.losses import DPCCWeights, dpcc_loss
from pcl_lib.models import DPCC
from pcl_lib.trainers import Compression, fit

SEED = 0
FIRST = 900_000  # of the seeds of the shapes
SHAPES = 3  # of each family; one in five as vertices of a mesh, as in the release
FACES = 8
STREETS = 4
STREET_EDGE = 12.0
FEWEST, MOST = 256, 1024  # points of a patch
STEPS = 6000  # of one patch each
RATE = DPCCWeights().rate


def patches() -> Patches:
    """Cubes of shapes, faces and street scans, those of the first two made uneven."""
    shapes = [
        dense_shape(family, seed=FIRST + i, by="vertices" if (SHAPES * f + i) % 5 == 4 else "area")
        for f, family in enumerate(synthetic.FAMILIES)
        for i in range(SHAPES)
    ]
    faces = [face.points for face in ict_faces(FACES, 100_000, seed=FIRST)]
    streets = [
        views.spinning_lidar(street.street(seed=FIRST + i), range_noise=0.02, seed=i).points.float()
        for i in range(STREETS)
    ]
    cubes = partial(uneven_cubes, seed=SEED, fewest=FEWEST, most=MOST)
    return Patches([*cubes([*shapes, *faces]), *cubes(streets, edge=STREET_EDGE, protocols=("even",))])


def train(clouds: Patches, folder: Path, *, steps: int = STEPS) -> tuple[DPCC, dict[str, float]]:
    """A network with its tables, and the means of the last tenth of its steps; checkpoints lie in the folder.

    The quantiles are fitted exactly when training is over, which is too short for an optimiser of their own.
    """
    torch.manual_seed(SEED)
    network = DPCC()
    loss = partial(dpcc_loss, weights=DPCCWeights(rate=RATE))
    adam = partial(torch.optim.Adam, fused=True)  # of so many small weights it takes a fifth of the time
    method = Compression(network, steps=steps, loss=loss, optimizer=adam)
    history = fit(
        method,
        clouds,
        batch_size=1,
        steps=steps,
        clip=1.0,
        folder=folder,
        checkpoint_every=50,
        checkpoint_seconds=20.0,
        log_every=1,
    )
    network.eval()
    for part in (network.bottleneck, network.coordinates.bottleneck):
        part.fit_quantiles()
        part.update()
    last = {name: history.column(name)[-max(1, steps // 10) :] for name in ("total", "bits_per_point")}
    return network, {name: round(sum(values) / len(values), 5) for name, values in last.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    clouds = patches()
    network, end = train(clouds, options.out.with_suffix(".training"), steps=options.steps)
    provenance: dict[str, Any] = {
        "script": "pcl_lib.experiments.compression.ship",
        "data": f"{SHAPES} shapes of each of {len(synthetic.FAMILIES)} families from seed {FIRST}, {FACES} faces, "
        f"{STREETS} street scans",
        "patches": len(clouds),
        "points_of_a_patch": [FEWEST, MOST],
        "steps": options.steps,
        "rate_weight": RATE,
        "seed": SEED,
        "torch": torch.__version__.partition("+")[0],
        "end": end,
    }
    size = write_model(options.out, network, sizes={"width": 8, "hidden": 64}, provenance=provenance)
    print(f"{options.out}: {size:,} bytes, {end}")


if __name__ == "__main__":
    main()
