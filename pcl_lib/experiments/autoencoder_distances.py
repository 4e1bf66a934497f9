"""One auto-encoder, five distances to train it with: what the choice of the distance does (CALoss, Tables 1 and 4)."""

from __future__ import annotations

from pathlib import Path

from pcl_lib.experiments.autoencoder_parts import PARTS
from pcl_lib.experiments.autoencoder_settings import (
    LOSSES,
    METRICS,
    NAME,
    NETWORKS,
    PRESETS,
    VERSION,
    Settings,
    live,
    record,
    record_cpu,
    tiny,
)
from pcl_lib.experiments.carry_out import carry_out
from pcl_lib.experiments.result import Result

__all__ = [
    "LOSSES",
    "METRICS",
    "NAME",
    "NETWORKS",
    "PRESETS",
    "VERSION",
    "Settings",
    "live",
    "record",
    "record_cpu",
    "run",
    "tiny",
]


def run(
    settings: Settings,
    *,
    folder: str | Path | None = None,
    device: str = "auto",
    progress: bool = True,
    processes: int = 1,
) -> Result:
    """Train each network with each loss and each seed, measure them on held-out shapes, and time the losses.

    - `folder`: where checkpoints and finished runs are kept; a later call with the same settings goes on from there
      and ends with the same numbers. Without one nothing is kept.
    - `device`: "auto" (a GPU if there is one), "cpu" or "cuda". On a CPU a run has one thread of torch, and so its
      numbers do not depend on `processes`, the number of runs side by side.

    `previews` of the result: "truth" (k, N, 3), held-out shapes; "<network>/<loss>" (k, N, 3), what the first seed's
    network made of them; "<network>/steps" (steps, N, 3), what it made of the first of them after each of the
    logged steps of training with CD. All float16.
    "relative_cost" is the time of a training step over that with CD: median over `cost_steps` batches that all losses
    get in turn, from the weights that CD reached with the same seed.

    Errors: `ValueError` for a folder of other settings; `ReadError` if the data are not there.
    """
    return carry_out(
        PARTS,
        settings,
        name=NAME,
        version=VERSION,
        folder=folder,
        device=device,
        progress=progress,
        processes=processes,
    )
