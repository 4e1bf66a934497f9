"""The weights and ratios of NeuralQAAD under each reading of the paper's list of sizes."""

import json
from pathlib import Path

import pytest
import torch

from pcl_lib.models import NEURALQAAD_SIZES, NeuralQAAD, compression_ratio

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "neuralqaad.json").read_text(encoding="utf-8"))
READINGS = GOLDEN["readings"]


def numbers(text):
    """The numbers in a name such as "4096 x 65536, l=10, K=16"."""
    return [int("".join(c for c in word if c.isdigit())) for word in text.replace(" x ", ",").split(",")]


@pytest.mark.parametrize("reading", READINGS, ids=lambda r: f"{r['sizes']}, {r['bias']}, {r['join_again']}")
def test_each_reading_has_its_weights_and_ratios(reading):
    sizes = NEURALQAAD_SIZES[reading["sizes"]]
    assert [*sizes.trunk, *sizes.heads] == reading["layers"]
    assert len(sizes.trunk) == reading["shared"]
    weights = {}
    for name, expected in reading["weights"].items():
        size, patches = numbers(name)
        net = NeuralQAAD(
            1,
            patches,
            size,
            patches,
            trunk=sizes.trunk,
            heads=sizes.heads,
            bias=reading["bias"],
            join_again=reading["join_again"],
        )
        assert net.network_weights == expected
        weights[size] = expected
    for name, expected in reading["ratios"].items():
        shapes, points, size, _ = numbers(name)
        found = compression_ratio(shapes, points, size, weights[size], input_cloud=False)
        assert found == pytest.approx(expected, abs=0.05)


def test_every_reading_is_in_the_golden_file():
    assert {reading["sizes"] for reading in READINGS} == set(NEURALQAAD_SIZES)
    assert len(READINGS) == 4 * len(NEURALQAAD_SIZES)


def test_the_default_is_the_reading_of_the_stated_ratios():
    net = NeuralQAAD(4096, 65_536, 10, 16)
    assert net.network_weights == 203_008
    assert NeuralQAAD(1, 128, 256, 128).network_weights == 1_204_992
    # 40,960 numbers in codes; the input cloud has 196,608, nearly as many as the network.
    assert round(net.compression_ratio(input_cloud=False)) == 3301
    assert round(net.compression_ratio()) == round(net.compression_ratio(input_cloud=True)) == 1828
    # What is stored is what there is: all parameters.
    stored = sum(p.numel() for p in net.parameters())
    assert net.compression_ratio() == 3 * 4096 * 65_536 / stored


def test_the_defaults_run():
    torch.manual_seed(0)
    net = NeuralQAAD(2, 64, 10, 16)
    with torch.no_grad():
        made = net(net.codes(torch.tensor([1])))
    assert made.shape == (1, 64, 3)
    assert 0.01 < float(made.std()) < 3
