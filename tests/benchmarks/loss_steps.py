"""Time a training step under each loss of CALoss's Table 4: python -m tests.benchmarks.loss_steps

The auto-encoder of the paper on 16 clouds of 2,048 points: forward and backward pass, the optimisers, and for a learned
loss its own step. Ratios are time of the step / time of one with CD of lengths, round by round; on a CPU processor time
of one thread. Exit code 1 if a step leaves the weights of a network as they were.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from lightning_fabric import Fabric
from torch import Tensor

from pcl_lib.data import synthetic
from pcl_lib.data.transforms import caloss_test_normalization
from pcl_lib.experiments.learned_losses import build
from pcl_lib.experiments.learned_losses.settings import BASELINE, Settings
from pcl_lib.experiments.learned_losses.sizes import TINY, with_losses
from pcl_lib.experiments.runner.devices import one_thread
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.trainers import Engine, Method
from tests.benchmarks.command import add_device, parser_of, write_report
from tests.benchmarks.race import quartiles, race

LOSSES = (BASELINE, "CALoss", "PCLoss", "PFD", "PUD", "CRND")
BATCHES = 3
BEFORE = 20  # steps with CD: the search of a trained network's output takes another time than that of a heap of points


@dataclass(frozen=True)
class Step:
    """A training step under one loss, called with a batch (B, N, 3)."""

    method: Method
    engine: Engine

    def __call__(self, batch: Tensor) -> None:
        self.method.step(batch, torch.arange(len(batch)), self.engine)

    def weights(self) -> dict[str, Tensor]:
        """All weights of each network, copied."""
        return {
            name: torch.cat([p.detach().flatten() for p in network.parameters()])
            for name, network in self.method.modules.items()
        }


def sizes(quick: bool) -> Settings:
    settings = Settings(**with_losses(*LOSSES), **(TINY if quick else {}))
    return replace(settings, steps=1000)  # a schedule that does not end during the race


def batches(settings: Settings, device: torch.device) -> list[tuple[Tensor]]:
    count = BATCHES * settings.batch_size
    drawn = [synthetic.sample("airplane", settings.n_points, seed=k).points for k in range(count)]
    whole = caloss_test_normalization(torch.stack(drawn)).points.to(device)
    return [(batch,) for batch in whole.split(settings.batch_size)]


def step_of(settings: Settings, loss: str, device: torch.device) -> Step:
    method = build.method(settings, Run(("AE", loss), 0), device)
    return Step(method, Engine(method, Fabric(accelerator=device.type, devices=1), None, None))


def contenders(settings: Settings, given: list[tuple[Tensor]], device: torch.device) -> dict[str, Step]:
    """A step of each loss, all from one network, which CD has trained a little."""
    start = step_of(settings, BASELINE, device)
    for k in range(BEFORE):
        start(*given[k % len(given)])
    weights = start.method.modules["model"].state_dict()
    found = {loss: step_of(settings, loss, device) for loss in settings.losses}
    for step in found.values():
        step.method.modules["model"].load_state_dict(weights)
    return found


def check_steps(steps: Mapping[str, Step], given: tuple[Tensor]) -> None:
    """Take each step once; raise `SystemExit` where a network does not move."""
    for loss, step in steps.items():
        before = step.weights()
        step(*given)
        still = [name for name, after in step.weights().items() if torch.equal(after, before[name])]
        if still:
            raise SystemExit(f"a step with {loss} leaves the weights of {', '.join(still)} as they were")


def main(argv: list[str] | None = None) -> int:
    parser = parser_of(__doc__)
    add_device(parser)
    parser.add_argument("--rounds", type=int, default=15, help="steps of each kind (default: %(default)s)")
    options = parser.parse_args(argv)
    device, settings = torch.device(options.device), sizes(options.quick)
    given = batches(settings, device)
    cuda = device.type == "cuda"
    with one_thread(device):
        steps = contenders(settings, given, device)
        check_steps(steps, given[0])
        clock = time.perf_counter if cuda else time.process_time
        seconds = race(steps, given, options.rounds, cuda, warm=False, clock=clock)
    report = {
        "job": f"a training step of AE, {settings.batch_size} clouds of {settings.n_points:,} points"
        + ("" if cuda else ", processor time of one thread"),
        "ratios": {loss: quartiles(taken / seconds[BASELINE]) for loss, taken in seconds.items()},
        "milliseconds": {loss: quartiles(1e3 * taken) for loss, taken in seconds.items()},
        "rounds": options.rounds,
    }
    for loss, ratio in report["ratios"].items():
        spread = f"[{ratio['lower_quartile']:.2f}, {ratio['upper_quartile']:.2f}]"
        print(f"  {ratio['median']:.2f}  {spread}  {loss}: {report['milliseconds'][loss]['median']:.3g} ms")
    with one_thread(device):  # which the record says of the machine
        write_report("loss-steps", report, options, device)
    return 0


if __name__ == "__main__":
    sys.exit(main())
