"""Does KeOps compute on this GPU? In a process of its own: one that reads a device's memory on the host is ended."""

from __future__ import annotations

import sys
import time

import torch


def main() -> int:
    if not torch.cuda.is_available():
        print("no CUDA device")
        return 0
    from pcl_lib.neighbors import nearest
    from pcl_lib.neighbors.building_blocks import keops

    start = time.monotonic()
    device = torch.device("cuda", torch.cuda.current_device())
    keops.check(device)  # a reason and a fix, if it cannot
    x, y = torch.rand(2, 3000, 3, device=device), torch.rand(2, 2500, 3, device=device)
    found = nearest(x, y, backend="keops").index
    agree = (found == torch.cdist(x.double(), y.double()).argmin(-1)).float().mean()
    print(
        f"{torch.cuda.get_device_name()}: agrees {float(agree):.4f}, {time.monotonic() - start:.0f} s to begin"
    )
    return 0 if agree > 0.999 else 1


if __name__ == "__main__":
    sys.exit(main())
