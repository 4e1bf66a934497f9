"""What several processes run together: fabric run --accelerator cpu --devices 2 this.py FOLDER"""

import json
import sys
from pathlib import Path

import torch

from pcl_lib.trainers import Diverged, Method, fit
from tests.trainers.toys import Adversarial, clouds, parameters, reconstruction, train, with_a_critic


def main(folder: Path) -> None:
    method: Method = Adversarial(noise=0.0)
    train(method, folder / "still", 12)
    train(with_a_critic(), folder / "learned", 6)
    train(Adversarial(), folder / "whole", 12)
    train(Adversarial(), folder / "parts", 8)
    resumed = Adversarial()
    records = train(resumed, folder / "parts", 12).records
    spoiled = clouds()
    spoiled[5] = float("nan")
    try:
        fit(
            reconstruction(lambda output, batch: (output - batch).square()),
            spoiled,
            batch_size=8,
            epochs=1,
            progress=False,
        )
        stopped = None
    except Diverged as error:
        stopped = [error.step, error.items]
    rank = torch.distributed.get_rank()
    facts = {
        "processes": torch.distributed.get_world_size(),
        "backend": torch.distributed.get_backend(),
        "stopped": stopped,
        "records": records,
        "sum": float(sum(value.double().sum() for value in parameters(resumed).values())),
    }
    (folder / f"rank-{rank}.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
