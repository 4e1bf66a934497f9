"""Race `PatchMLP` with a Python loop over the networks of the patches: python -m tests.benchmarks.patches

Forward and backward pass of one step, the same weights. Ratios are time of the loop / ours, round by round: above 1 we
are faster. Exit code 1 if outputs or gradients differ.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from pcl_lib.models import PatchMLP
from tests.benchmarks.command import add_device, parser_of, write_report
from tests.benchmarks.measure import OURS, difference
from tests.benchmarks.race import quartiles, race, timed

PATCHES = (16, 128, 512)
STEPS = (
    (1, 512),
    (8, 512),
    (16, 2048),
)  # clouds, points of each: one cloud, a recorded training's, the paper's
TOLERANCE = 1e-3
SECONDS = 4.0
LONG = 0.5  # seconds from which a job is not warmed up before each round
MOST_ROUNDS = 100


@dataclass(frozen=True)
class Network:
    """The layers of each patch, on `features` from before, or on its points joined to a code of so many."""

    name: str
    features: int
    joined: bool
    widths: tuple[int, ...]
    norm: bool = False

    def batched(self, patches: int) -> PatchMLP:
        return PatchMLP(
            patches,
            self.features + 3 * self.joined,
            self.widths,
            norm=self.norm,
            bias=self.norm,
            activation=nn.SELU,
            initialiser="lecun normal",
        )


NETWORKS = (
    Network("the two layers that NeuralQAAD has for each patch", 128, False, (64, 3)),
    Network("all six layers of NeuralQAAD for each patch", 10, True, (256, 128, 128, 128, 64, 3)),
    Network("AtlasNetV2's layers at equal count, with batch norm", 10, True, (59, 59, 59, 3), norm=True),
)

Answer = tuple[Tensor, ...]


def alone(mlp: PatchMLP, patch: int, kind: type[nn.Module]) -> nn.Sequential:
    """The network of one patch with the weights that it has in `mlp`, of linear layers or of convolutions."""
    layers: list[nn.Module] = []
    for i, layer in enumerate(mlp.linear):
        weight = layer.weight.detach()[patch]
        sizes = (weight.shape[1], weight.shape[0], *([1] if kind is nn.Conv1d else []))
        one = kind(*sizes, bias=layer.bias is not None).to(weight.device)
        with torch.no_grad():
            one.weight.copy_(weight.reshape(one.weight.shape))
            if layer.bias is not None:
                one.bias.copy_(layer.bias[patch, :, 0])
        last = i == len(mlp.linear) - 1
        norm = [nn.BatchNorm1d(len(weight)).to(weight.device)] if len(mlp.norm) and not last else []
        layers += [one] if last else [one, *norm, nn.SELU()]
    return nn.Sequential(*layers)


def jobs(network: Network, patches: int, device: torch.device) -> dict[str, Callable[..., Answer]]:
    """Each contender: of points (K, 3, m) and codes (B, k), or of features (K, F, rows), to outputs and gradients."""
    mlp = network.batched(patches).to(device)

    def ours(*given: Tensor) -> Answer:
        if network.joined:
            points, code = given
            made = mlp(code.mT.expand(patches, -1, -1), points[:, :, None]).flatten(2)
        else:
            made = mlp(given[0])
        return _backward(made, [layer.weight for layer in mlp.linear])

    def loop(kind: type[nn.Module]) -> Callable[..., Answer]:
        nets = nn.ModuleList(alone(mlp, patch, kind) for patch in range(patches))
        weights = [[m.weight for m in net if isinstance(m, kind)] for net in nets]

        def job(*given: Tensor) -> Answer:
            made = []
            for patch, net in enumerate(nets):
                x = _joined(given[0][patch], given[1]) if network.joined else given[0][patch][None]
                if kind is nn.Linear:
                    made.append(net(x.mT.flatten(0, 1)).T)
                else:
                    made.append(net(x).transpose(0, 1).flatten(1))
            answer = _backward(torch.stack(made), [w for of_net in weights for w in of_net])
            by_layer = zip(*[iter(answer[1:])] * len(mlp.linear), strict=True)
            return answer[0], *(torch.stack(layer).flatten(2) for layer in zip(*by_layer, strict=True))

        return job

    return {OURS: ours, "a loop of linear layers": loop(nn.Linear), "a loop of convolutions": loop(nn.Conv1d)}


def _joined(points: Tensor, code: Tensor) -> Tensor:
    """(B, 3 + k, m): the points of one patch, each with the code of its cloud, as the released loops write it."""
    both = points.expand(len(code), -1, -1), code[:, :, None].expand(-1, -1, points.shape[-1])
    return torch.cat(both, 1)


def _backward(made: Tensor, weights: Sequence[Tensor]) -> Answer:
    return made, *torch.autograd.grad(made.square().mean(), weights)


def inputs(network: Network, patches: int, clouds: int, points: int, device: torch.device) -> list[Answer]:
    generator = torch.Generator().manual_seed(0)

    def draw(*size: int) -> Tensor:
        return torch.randn(*size, generator=generator).to(device)

    of_patch = points // patches
    if network.joined:
        return [(draw(patches, 3, of_patch), draw(clouds, network.features)) for _ in range(3)]
    return [(draw(patches, network.features, clouds * of_patch),) for _ in range(3)]


def measure(
    network: Network, patches: int, clouds: int, points: int, device: torch.device, seconds: float
) -> dict:
    torch.manual_seed(0)
    contenders = jobs(network, patches, device)
    given = inputs(network, patches, clouds, points, device)
    cuda = device.type == "cuda"
    first = {name: timed(job, given[0], cuda)[1] for name, job in contenders.items()}
    found = {name: difference(first[OURS], answer) for name, answer in first.items() if name != OURS}
    if not max(found.values()) <= TOLERANCE:
        raise SystemExit(f"{network.name}, {patches} patches: the loop gives something else, {found}")
    del first
    trial = race(contenders, given, 1, cuda, warm=False)
    warm = max(taken[0] for taken in trial.values()) < LONG
    rounds = int(np.clip(seconds / ((1 + warm) * sum(t[0] for t in trial.values())), 3, MOST_ROUNDS))
    times = race(contenders, given, rounds, cuda, warm=warm)
    ratios = {name: quartiles(taken / times[OURS]) for name, taken in times.items() if name != OURS}
    return {
        "network": network.name,
        "patches": patches,
        "clouds": clouds,
        "points": points,
        "ratios": ratios,
        "difference": found,
        "milliseconds": {name: quartiles(1e3 * taken) for name, taken in times.items()},
        "rounds": rounds,
    }


def cases(quick: bool) -> Iterator[tuple[Network, int, int, int]]:
    for network in NETWORKS:
        for patches in (4, 8) if quick else PATCHES:
            for clouds, points in ((2, 16),) if quick else STEPS:
                if not (network.norm and clouds * points // patches < 2):  # batch norm needs two rows
                    yield network, patches, clouds, points


def line(result: dict) -> str:
    step = f"{result['clouds']} x {result['points']:,} points, {result['patches']} patches"
    ratios = ", ".join(
        f"{r['median']:.1f} [{r['lower_quartile']:.1f}, {r['upper_quartile']:.1f}] {name}"
        for name, r in result["ratios"].items()
    )
    return f"{result['network']}: {step}: ours {result['milliseconds'][OURS]['median']:.3g} ms; {ratios}"


def main(argv: list[str] | None = None) -> int:
    parser = parser_of(__doc__)
    add_device(parser)
    options = parser.parse_args(argv)
    device = torch.device(options.device)
    results = []
    for case in cases(options.quick):
        results.append(measure(*case, device, 0.01 if options.quick else SECONDS))
        print(line(results[-1]), flush=True)
    report = {"job": "forward and backward pass of a step, the same weights", "cases": results}
    write_report("patches", report, options, device)
    return 0


if __name__ == "__main__":
    sys.exit(main())
