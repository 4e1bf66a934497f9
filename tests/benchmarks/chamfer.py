"""Race `chamfer` with its gradient against its peers: python -m tests.benchmarks.chamfer --out chamfer.json

Ratios are peer's time / our time, round by round: above 1 we are faster. Exit code 1 if nothing was measured or a
contender's value or gradient is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pcl_lib._checks import check_pair
from pcl_lib.distances import chamfer
from tests.benchmarks import machine, peers
from tests.benchmarks.race import quartiles, race

OURS = "pcl_lib chamfer"
SIZES = ("512", "2048", "16384", "131072", "1048576", "32x2048")
SECONDS_PER_SIZE = 10.0


def ellipsoid(batch: int, n: int, generator: torch.Generator) -> Tensor:
    """Random points, in random order, of the surface of an ellipsoid: (batch, n, 3), or (n, 3) for one cloud."""
    normal = torch.randn(*((batch,) if batch > 1 else ()), n, 3, generator=generator)
    return normal / normal.norm(dim=-1, keepdim=True) * torch.tensor([1.0, 0.7, 0.4])


def with_gradient(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], tuple[Tensor, ...]]:
    """The whole job: value, and gradient with respect to both clouds."""

    def job(x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        x.grad = y.grad = None
        value = loss(x, y)
        value.backward()
        return value.detach(), x.grad, y.grad

    return job


def ours(x: Tensor, y: Tensor) -> Tensor:
    value = chamfer(x, y)
    return value if value.ndim == 0 else value.mean()


def error(expected: tuple[Tensor, ...], found: tuple[Tensor, ...]) -> float:
    """Largest relative error of the value and of both gradients."""
    pairs = zip(expected, found, strict=True)
    return max(float(torch.linalg.norm(a - b) / torch.linalg.norm(a)) for a, b in pairs)


def measure(size: str, device: torch.device, rounds: int | None) -> dict:
    batch, n = (int(part) for part in size.split("x")) if "x" in size else (1, int(size))
    contenders = {OURS: ours} | peers.available(device, batch * n * n)
    jobs = {name: with_gradient(loss) for name, loss in contenders.items()}
    generator = torch.Generator().manual_seed(0)
    # Several pairs: repeated on one pair, the processor would learn that pair's branches by heart.
    inputs = [
        tuple(ellipsoid(batch, n, generator).to(device).requires_grad_() for _ in range(2))
        for _ in range(8 if batch * n <= 70_000 else 3)
    ]
    # The expansion of the square in torch.cdist costs digits, hence a wide margin: this is to catch a wrong job.
    expected = [t.clone() for t in jobs[OURS](*inputs[0])]
    errors = {name: error(expected, job(*inputs[0])) for name, job in jobs.items()}
    wrong = {name: value for name, value in errors.items() if not value < 0.05}
    if wrong:
        raise SystemExit(f"{size} points: value or gradient differs from {OURS}, relative error: {wrong}")
    cuda = device.type == "cuda"
    if rounds is None:
        trial = race(jobs, inputs, 5, cuda)
        rounds = int(np.clip(SECONDS_PER_SIZE / sum(np.median(times) for times in trial.values()), 5, 500))
    seconds = race(jobs, inputs, rounds, cuda)
    door = race({"door": lambda x, y: check_pair(x, y)}, inputs, rounds, cuda)["door"]
    ratios = {name: quartiles(times / seconds[OURS]) for name, times in seconds.items() if name != OURS}
    return {
        "ratio_to_best_peer": min((r["median"] for r in ratios.values()), default=None),
        "ratios": dict(sorted(ratios.items(), key=lambda item: item[1]["median"])),
        "share_of_door_checks": float(np.median(door) / np.median(seconds[OURS])),
        "milliseconds": {name: quartiles(1e3 * times) for name, times in seconds.items()},
        "difference_from_ours": errors,
        "rounds": rounds,
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    parser.add_argument(
        "--sizes", nargs="+", default=SIZES, help="points, or clouds x points (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, help="rounds per size (default: what fits in about 10 seconds)")
    parser.add_argument("--out", type=Path, help="JSON file (default: .benchmarks/chamfer-<device>.json)")
    options = parser.parse_args(argv)
    device = torch.device(options.device)
    results = {}
    for size in options.sizes:
        results[size] = measure(size, device, options.rounds)
        print(f"{size} points: peer's time / ours, median of {results[size]['rounds']} rounds")
        for name, ratio in results[size]["ratios"].items():
            print(
                f"  {ratio['median']:7.2f}  [{ratio['lower_quartile']:.2f}, {ratio['upper_quartile']:.2f}]  {name}"
            )
        sys.stdout.flush()
    if not results or any(not result["ratios"] for result in results.values()):
        print("nothing was measured: a size without a peer", file=sys.stderr)
        return 1
    job = "squared mean Chamfer distance and its gradient with respect to both clouds, float32, 3-D ellipsoid"
    report = {"job": job, "ours": OURS, "sizes": results, "machine": machine.describe(device)}
    out = options.out or Path(".benchmarks") / f"chamfer-{device.type}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial")
    partial.write_text(json.dumps(report, indent=1) + "\n")
    partial.replace(out)
    print(f"wrote {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
