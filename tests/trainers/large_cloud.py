"""What the process runs whose memory is measured: a cloud of 1,048,576 points, made and reassigned once."""

import resource

import torch

from pcl_lib.models import NeuralQAAD
from pcl_lib.trainers import Assignments

POINTS = 1 << 20


def main() -> None:
    torch.manual_seed(0)
    model, table = NeuralQAAD(1, POINTS, 10, 128, cut="given"), Assignments(1, POINTS)
    code, index, rows = model.codes.weight.detach(), torch.zeros(1).long(), torch.arange(POINTS)[None]
    made = model.reconstruct(code)
    # A cloud of the same extent in another order: almost every point wants what another has.
    clouds = (made + 0.1 * made.std() * torch.randn(made.shape))[:, torch.randperm(POINTS)]

    def loss() -> float:
        return float((made - clouds[:, table.targets(index, rows)[0]]).double().square().sum())

    before = loss()
    found = table.improve(
        index, clouds, rows, made, rows, lambda others: made.gather(1, others[..., None].expand(-1, -1, 3))
    )
    fallen, gained = before - loss(), float(found.gains.double().sum())
    assert abs(fallen / gained - 1) < 1e-5, (fallen, gained)
    assert torch.equal(table.of_point[0].sort().values, torch.arange(POINTS, dtype=torch.int32))
    print(int(found.swaps.sum()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main()
