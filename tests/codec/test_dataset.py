"""A data set to a file and back: exactly, to the error of its precision, in its own units, at its true size."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from pcl_lib.codec import compress_set, decompress_set, read_container, read_set
from pcl_lib.models import NeuralQAAD
from tests.codec.sets import NAMES, network, stored

PRECISIONS = ("float32", "float16", "uint8")
BYTES = {"float32": 4, "float16": 2, "uint8": 1}
READINGS = {
    "default": {},
    "no layer shared": {"trunk": ()},
    "biases": {"bias": True},
    "q joins again": {"join_again": True},
    "random patches": {"points": 33, "patches": 3, "cut": "random"},
    "one patch, one head": {"patches": 1, "heads": (3,)},
}


@pytest.mark.parametrize("reading", READINGS)
def test_float32_gives_the_same_clouds(tmp_path, reading):
    model = network(**READINGS[reading])
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)  # biases too
    path = tmp_path / "a.pcld"
    info = compress_set(model, path, names=NAMES, centre=(1.0, -2.0, 3.0), scale=10.0, precision="float32")
    made = model.reconstruct(model.codes.weight).double() * 10 + torch.tensor([1.0, -2.0, 3.0])
    torch.testing.assert_close(decompress_set(path), made.float(), rtol=1e-6, atol=1e-5)
    torch.testing.assert_close(decompress_set(path, 2), decompress_set(path)[2], rtol=0, atol=0)
    stored = read_set(path)
    assert stored.names == NAMES
    assert stored.info == info
    for name, values in model.state_dict().items():
        torch.testing.assert_close(stored.model.state_dict()[name], values, rtol=0, atol=0)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_each_number_is_as_near_as_its_precision_allows(tmp_path, precision):
    model, path = network(), tmp_path / "a.pcld"
    compress_set(model, path, names=NAMES, precision=precision)
    for name, values in model.state_dict().items():
        error = (read_set(path).model.state_dict()[name] - values).abs()
        bound = {
            "float32": torch.zeros(()),
            "float16": 2**-11 * values.abs() + 2**-25,
            "uint8": (values.max() - values.min()) / 510 * (1 + 1e-5),
        }[precision]
        assert bool((error <= bound).all())
        assert precision == "float32" or float((error / bound).max()) > 0.5, "the bound is no idle one"


def test_points_get_worse_with_fewer_bits_and_not_by_much(tmp_path):
    model = network(points=256)
    whole = model.reconstruct(model.codes.weight)
    worst = {}
    for precision in PRECISIONS:
        compress_set(model, tmp_path / "a.pcld", names=NAMES, precision=precision)
        worst[precision] = float(
            (decompress_set(tmp_path / "a.pcld") - whole).abs().max() / whole.abs().max()
        )
    assert worst["float32"] < 1e-6 < worst["float16"] < 1e-3 < worst["uint8"] < 2e-2


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_ratio_is_that_of_the_true_size_and_the_input_cloud_is_in_the_file(tmp_path, precision):
    """Not one without the input cloud, nor one that counts numbers in half precision as whole ones."""
    model, path = network(points=4096), tmp_path / "a.pcld"
    info = compress_set(model, path, names=NAMES, precision=precision)
    size, numbers = os.path.getsize(path), sum(p.numel() for p in model.parameters())
    assert info.bytes == size
    assert info.ratio == pytest.approx(12 * len(NAMES) * 4096 / size, rel=1e-12)
    assert 0 < size - BYTES[precision] * numbers < 700
    without = 3 * len(NAMES) * 4096 / (numbers - 3 * 4096)
    assert info.ratio < 4 / BYTES[precision] * model.compression_ratio() < 4 / BYTES[precision] * without / 9
    _, arrays = read_container(path, "pcld")
    assert arrays["input_cloud"].shape == (4096, 3)


def test_the_sizes_of_the_paper_give_its_ratio_with_the_input_cloud(tmp_path):
    """4,096 skulls of 65,536 points: 1,828 with the input cloud in numbers; here in bytes, names and header counted."""
    model = NeuralQAAD(4096, 65_536, 10, 16)
    names = [f"skull {row:04d}" for row in range(4096)]
    info = compress_set(model, tmp_path / "a.pcld", names=names, precision="float32")
    assert model.compression_ratio() == pytest.approx(1828, abs=0.5)
    assert 0.99 * 1828 < info.ratio < 1828


@pytest.mark.parametrize(
    ("centre", "scale", "dtype"),
    [
        ((0.0, 0.0, 0.0), 1.0, torch.float32),
        ((3.0, 0.0, 12.0), 10.0, torch.float32),
        ((450_000.125, 5_400_000.5, 300.0), 0.1, torch.float64),
    ],
)
def test_clouds_come_back_in_their_units(tmp_path, centre, scale, dtype):
    model = network()
    compress_set(model, tmp_path / "a.pcld", names=NAMES, centre=centre, scale=scale, precision="float32")
    made = decompress_set(tmp_path / "a.pcld", 0)
    made_in_box = model.reconstruct(model.codes.weight[:1])[0].double()
    expected = torch.tensor(centre, dtype=torch.float64) + scale * made_in_box
    assert made.dtype == dtype
    assert float((made.double() - expected).abs().max()) < 2e-6 * scale


def test_the_random_numbers_of_the_caller_are_left_as_they_were(tmp_path):
    path = stored(tmp_path / "a.pcld")
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    read_set(path).points(0)
    assert torch.equal(torch.rand(3), expected)


def test_an_array_of_one_value_in_8_bits(tmp_path):
    model = network()
    torch.nn.init.constant_(model.codes.weight, 0.3)
    compress_set(model, tmp_path / "a.pcld", names=NAMES, precision="uint8")
    assert torch.equal(read_set(tmp_path / "a.pcld").model.codes.weight, model.codes.weight)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "uint4"}, "precision must be one of 'float32', 'float16', 'uint8', received 'uint4'"),
        ({"names": NAMES[:2]}, "names must be one for each of the 3 codes of model, received 2"),
        ({"names": ("a", "b", "A")}, "names must be distinct paths .* received 'A'"),
        ({"names": ("a", "b", "../c")}, "received '../c'"),
        ({"names": ("a", "b", "/c")}, "received '/c'"),
        ({"names": ("a", "b", "c//d")}, "received 'c//d'"),
        ({"names": ("a", "b", "C:c")}, "received 'C:c'"),
        ({"names": ("a", "b", "..\\c")}, "names must be distinct paths"),
        ({"names": ("a", "b", "c\n")}, "names must be distinct paths"),
        ({"names": ("a", "b", "")}, "received ''"),
        ({"names": ("a", "b", "c" * 401)}, "of at most 400 bytes"),
        ({"scale": 0.0}, "scale must be positive and finite, received 0.0"),
        ({"scale": float("nan")}, "scale must be positive and finite, received nan"),
        ({"centre": (0.0, 0.0)}, "centre must be 3 finite numbers"),
        ({"centre": (0.0, 0.0, float("inf"))}, "centre must be 3 finite numbers"),
    ],
)
def test_what_cannot_be_stored_is_refused_before_a_file_is_there(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        compress_set(network(), tmp_path / "a.pcld", **{"names": NAMES} | options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_network_that_diverged_is_refused(tmp_path, precision):
    model = network()
    model.codes.weight.data[1, 2] = float("nan")
    with pytest.raises(ValueError, match=r"codes\.weight of model must be finite, received NaN or infinity"):
        compress_set(model, tmp_path / "a.pcld", names=NAMES, precision=precision)
    assert not list(tmp_path.iterdir())


def test_numbers_beyond_half_precision_are_refused(tmp_path):
    model = network()
    model.input_cloud.data[0, 0] = 1e5
    with pytest.raises(
        ValueError, match=r"input_cloud of model must fit float16, up to 65504, received 1e\+05"
    ):
        compress_set(model, tmp_path / "a.pcld", names=NAMES, precision="float16")
    assert not list(tmp_path.iterdir())


def test_an_index_that_there_is_not(tmp_path):
    path = stored(tmp_path / "a.pcld")
    with pytest.raises(
        ValueError, match="index must be an integer from 0 to 2, received 3, the row of the cloud"
    ):
        decompress_set(path, 3)


def test_the_same_network_gives_the_same_bytes(tmp_path):
    a, b = stored(tmp_path / "a.pcld", "uint8"), stored(tmp_path / "b.pcld", "uint8")
    assert a.read_bytes() == b.read_bytes()


def test_8_bits_of_numbers_that_differ_by_more_than_float32_holds(tmp_path):
    model = network()
    model.codes.weight.data[0, 0], model.codes.weight.data[0, 1] = 3e38, -3e38
    compress_set(model, tmp_path / "a.pcld", names=NAMES, precision="uint8")
    found = read_set(tmp_path / "a.pcld").model.codes.weight
    np.testing.assert_allclose(found[0, :2].detach(), [3e38, -3e38], rtol=1e-6)
