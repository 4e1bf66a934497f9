"""Race `fit` with a loop written by hand on a tiny auto-encoder: python -m tests.benchmarks.trainer_overhead

Ratios are time of `fit` / time by hand, round by round: 1.05 is 5 % more. Exit code 1 if the two do not train the same
network bit for bit.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from tempfile import TemporaryDirectory

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from pcl_lib.distances import chamfer
from pcl_lib.trainers import Reconstruction, fit
from tests.benchmarks.command import add_device, parser_of, write_report
from tests.benchmarks.race import quartiles, race

HAND = "by hand"
POINTS, BATCH, CLOUDS = 128, 8, 256
# Steps of one training, and rounds. The quick one goes beyond an epoch, where the order of the clouds changes.
FULL, QUICK = (1000, 9), (40, 2)


class Coder(nn.Module):
    """The tiny auto-encoder: 31,360 parameters, 128 points."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 64))
        self.decoder = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3 * POINTS))

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x).amax(1)).view(len(x), POINTS, 3)


def new(device: torch.device) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = Coder().to(device)
    return model, torch.optim.Adam(model.parameters(), lr=1e-3)


def by_hand(data: Tensor, steps: int) -> nn.Module:
    """What one writes without a library: shuffled batches, an optimiser, every tenth loss kept."""
    model, optimizer = new(data.device)
    per_epoch, losses = len(data) // BATCH, []
    for step in range(steps):
        epoch, turn = divmod(step, per_epoch)
        if turn == 0:
            order = torch.from_numpy(np.random.default_rng([0, epoch]).permutation(len(data)))
        batch = data[order[turn * BATCH : (turn + 1) * BATCH]]
        loss = chamfer(model(batch), batch).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % 10 == 0:
            losses.append(loss.item())
    return model


def by_fit(data: Tensor, steps: int, write: bool) -> nn.Module:
    model, optimizer = new(data.device)
    method = Reconstruction(model, chamfer, optimizer)
    accelerator = "cuda" if data.is_cuda else "cpu"
    with TemporaryDirectory() as folder:
        fit(
            method,
            data,
            batch_size=BATCH,
            steps=steps,
            folder=folder if write else None,
            progress=False,
            fabric=Fabric(accelerator=accelerator, devices=1),
        )
    return model


def contenders(steps: int) -> dict[str, Callable[[Tensor], nn.Module]]:
    return {
        HAND: partial(by_hand, steps=steps),
        "fit": partial(by_fit, steps=steps, write=False),
        "fit, log and one checkpoint written": partial(by_fit, steps=steps, write=True),
    }


def check_same(jobs: dict[str, Callable[[Tensor], nn.Module]], data: Tensor) -> None:
    expected, *found = ([p.detach() for p in job(data).parameters()] for job in jobs.values())
    for name, parameters in zip(list(jobs)[1:], found, strict=True):
        if not all(torch.equal(a, b) for a, b in zip(expected, parameters, strict=True)):
            raise SystemExit(f"{name} does not train the same network as the loop by hand")


def main(argv: list[str] | None = None) -> int:
    parser = parser_of(__doc__)
    add_device(parser)
    options = parser.parse_args(argv)
    device = torch.device(options.device)
    steps, rounds = QUICK if options.quick else FULL
    generator = torch.Generator().manual_seed(0)
    inputs = [(torch.rand(CLOUDS, POINTS, 3, generator=generator).to(device),) for _ in range(3)]
    jobs = contenders(steps)
    check_same(jobs, inputs[0][0])
    seconds = race(jobs, inputs, rounds, device.type == "cuda")
    per_step = {name: quartiles(1e3 * times / steps) for name, times in seconds.items()}
    ratios = {name: quartiles(times / seconds[HAND]) for name, times in seconds.items() if name != HAND}
    print(f"{per_step[HAND]['median']:.3f} ms a step by hand; time / time by hand, {rounds} rounds:")
    for name, ratio in ratios.items():
        print(
            f"  {ratio['median']:.3f}  [{ratio['lower_quartile']:.3f}, {ratio['upper_quartile']:.3f}]  {name}"
        )
    report = {
        "job": f"{steps} steps of Adam on the Chamfer distance, {BATCH} clouds of {POINTS} points, tiny AE",
        "ratios": ratios,
        "milliseconds_per_step": per_step,
        "rounds": rounds,
    }
    write_report("trainer-overhead", report, options, device)
    return 0


if __name__ == "__main__":
    sys.exit(main())
