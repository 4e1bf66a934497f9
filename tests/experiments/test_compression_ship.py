"""The script that writes the shipped model: what it trains can be written, and a run that was stopped goes on."""

from __future__ import annotations

import torch

from pcl_lib.codec import read_model, write_model
from pcl_lib.data import Patches
from pcl_lib.experiments.compression import ship


def test_a_trained_network_can_be_written(tmp_path):
    clouds = Patches(
        [torch.rand(60, 3, generator=torch.Generator().manual_seed(n)) * 2 - 1 for n in range(3)]
    )
    network, end = ship.train(clouds, tmp_path / "a", steps=3)
    assert end["bits_per_point"] > 0
    again, _ = ship.train(clouds, tmp_path / "a", steps=3)  # nothing is left to do
    for key, value in network.state_dict().items():
        assert torch.equal(again.state_dict()[key], value)
    write_model(tmp_path / "m.pclm", network, sizes={"width": 8, "hidden": 64}, provenance={})
    assert not read_model(tmp_path / "m.pclm").network.training
