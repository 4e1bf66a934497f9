"""Integers to bytes and back: exact always, near the estimate, the same bytes everywhere, and damage."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcl_lib.codec import CodecError, decode_symbols, encode_symbols, tables_checksum
from pcl_lib.losses import rate
from pcl_lib.models import IntegerTables
from tests.examples import many
from tests.models.bottlenecks import golden_bottleneck

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "entropy_bottleneck.json").read_text("utf-8"))
SMALL = IntegerTables.of([-1, 3], [[0.2, 0.5, 0.2], [0.9]])


def latent(n, channels=2, width=20.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return width * torch.randn(1, channels, n, dtype=torch.float64, generator=generator)


def fitted(channels=2):
    bottleneck = golden_bottleneck(channels)
    bottleneck.fit_quantiles()
    bottleneck.update()
    return bottleneck


@pytest.mark.parametrize("n", [0, 1, 2, 3, 100])
@pytest.mark.parametrize("far", [0, 1, 2, 40, 10**6, 2**29 - 8])
def test_what_goes_in_comes_out(n, far):
    generator = np.random.default_rng(n)
    symbols = generator.integers(-2, 7, size=(2, n)) + far * generator.integers(-1, 2, size=(2, n))
    assert np.array_equal(decode_symbols(encode_symbols(symbols, SMALL), SMALL, n), symbols)


@many(150)
@given(
    st.lists(st.integers(-(2**29), 2**29), max_size=30),
    st.lists(st.floats(0, 0.1), min_size=1, max_size=10),
    st.integers(-1000, 1000),
)
def test_any_integers_with_any_table(symbols, masses, lowest):
    tables = IntegerTables.of([lowest], [masses])
    row = np.array([symbols], dtype=np.int64)
    assert np.array_equal(decode_symbols(encode_symbols(row, tables), tables, len(symbols)), row)


@pytest.mark.parametrize("n", [5_000, 50_000])
def test_a_stream_is_as_long_as_its_estimate(n):
    """Within 1 % and 8 bytes from 10,000 symbols on; n in each of two channels."""
    bottleneck = fitted()
    # Latents that follow F itself: uniform numbers through its inverse, found in a table.
    grid = torch.linspace(-300, 300, 60_001, dtype=torch.float64).repeat(1, 2, 1)
    heights = bottleneck.cumulative(grid).detach()[0]
    draws = torch.rand(2, n, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    z = grid[0, 0][torch.searchsorted(heights, draws).clamp_max(60_000)][None]
    estimate = rate(bottleneck(z)[1]).item() / 8
    stream = encode_symbols(bottleneck.symbols(z)[0].numpy(), bottleneck.tables)
    assert abs(len(stream) - estimate) <= 0.01 * estimate + 8
    decoded = decode_symbols(stream, bottleneck.tables, n)
    assert torch.equal(bottleneck.values(torch.from_numpy(decoded)[None]), bottleneck(z)[0])


def test_peaked_channels_cost_next_to_nothing():
    tables = IntegerTables.of([0], [[1 - 2**-16]])
    stream = encode_symbols(np.zeros((1, 100_000), dtype=np.int64), tables)
    assert len(stream) <= 8
    assert not decode_symbols(stream, tables, 100_000).any()


def test_the_bytes_of_another_coder_for_the_same_bits():
    """CompressAI wrote 292 bytes for 400 symbols of 2,273.5 estimated bits, with the quantiles at +-10.

    Its symbols are not known. These have the same estimate under the same weights, and none is escaped. Its coder ends
    with the 64 bits of its state; ours with as few words as tell the last interval from its neighbours.
    """
    golden = GOLDEN["stream"]
    z = (torch.arange(golden["symbols"]) % 12 - 5.0).reshape(4, 2, 50)
    bottleneck = golden_bottleneck(dtype=torch.float32)
    estimate = rate(bottleneck(z)[1]).item()
    assert estimate == pytest.approx(golden["estimated_bits"], rel=1e-5)
    tables = bottleneck.update(bound=None)
    symbols = bottleneck.symbols(z).transpose(0, 1).flatten(1).numpy()
    assert all(
        set(row - low) <= set(range(len(counts) - 1))
        for row, low, counts in zip(symbols, tables.lowest, tables.counts, strict=True)
    )
    written = len(encode_symbols(symbols, tables))
    assert estimate / 8 <= written <= golden["bytes"] <= estimate / 8 + 8


def test_untrained_quantiles_cost_bytes():
    """What fit_quantiles() is for: with the quantiles at +-10, most of a wide latent is escaped."""
    z = latent(20_000, width=40.0)
    bottleneck = fitted()
    long = encode_symbols(bottleneck.symbols(z)[0].numpy(), golden_bottleneck().update(bound=None))
    short = encode_symbols(bottleneck.symbols(z)[0].numpy(), bottleneck.tables)
    assert len(long) > 1.15 * len(short)


def test_an_escape_costs_what_elias_says():
    """v = 2 d + s + 1: an integer 500 above the last one has d = 499 and 2 * 9 + 1 bits behind the escape."""
    tables = IntegerTables.of([0], [[0.5]])
    n = 4_000
    bits = 8 * len(encode_symbols(np.full((1, n), 500), tables))
    assert bits == pytest.approx(n * (1 + 19), rel=2e-3)


SCRIPT = """
import hashlib, torch
from pcl_lib.codec import encode_symbols, tables_checksum
from tests.codec.test_range_coder import fitted, latent
torch.set_num_threads({threads})
bottleneck = fitted()
stream = encode_symbols(bottleneck.symbols(latent(3000))[0].numpy(), bottleneck.tables)
print(len(stream), hashlib.sha256(stream).hexdigest(), tables_checksum(bottleneck.tables))
"""


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_bytes_in_another_process_and_on_other_threads(threads):
    bottleneck = fitted()
    stream = encode_symbols(bottleneck.symbols(latent(3000))[0].numpy(), bottleneck.tables)
    root = Path(__file__).resolve().parents[2]
    env = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", SCRIPT.format(threads=threads)]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=True)
    digest = hashlib.sha256(stream).hexdigest()
    assert done.stdout.split() == [str(len(stream)), digest, tables_checksum(bottleneck.tables)]


def test_a_stream_of_another_day():
    """Bytes that were written once: another version of constriction or of this file must read them."""
    tables = IntegerTables.of([-2, 0], [[0.1, 0.2, 0.4, 0.2], [0.6, 0.3]])
    symbols = np.array([[0, 1, -1, 0, 0, 2, -2, 40, 0, 1], [0, 0, 1, 0, -7, 0, 1, 0, 0, 0]])
    stream = bytes.fromhex("e600d8986201aaf6")
    assert encode_symbols(symbols, tables) == stream
    assert np.array_equal(decode_symbols(stream, tables, 10), symbols)


def test_damage_is_an_error_or_other_integers():
    generator = np.random.default_rng(0)
    bottleneck = fitted()
    symbols = bottleneck.symbols(latent(300))[0].numpy()
    stream = encode_symbols(symbols, bottleneck.tables)
    refused = 0
    for _ in range(300):
        damaged = bytearray(stream)
        for place in generator.integers(0, len(stream), size=generator.integers(1, 4)):
            damaged[place] ^= 1 << generator.integers(0, 8)
        cut = damaged[: generator.integers(0, len(damaged) + 1)] if generator.random() < 0.5 else damaged
        try:
            found = decode_symbols(bytes(cut), bottleneck.tables, 300)
        except CodecError:
            refused += 1
        else:
            assert found.shape == symbols.shape
            assert np.abs(found).max() < 2**31
    assert 100 < refused <= 300


BAD_e600d8986201aaf6S = {
    "empty": (b"", 1000, "of 0 bytes is too short for 1000 symbols a channel"),
    "half a word": (b"abc", 1, "whole number of 4-byte words, received 3 bytes"),
    "too long": (bytes(400), 3, "must end with them, received 400 bytes"),
    "too many symbols": (bytes(4), 2**27, "n must be an integer from 0 to 67108864"),
    "a negative number": (bytes(4), -1, "n must be an integer from 0"),
}


@pytest.mark.parametrize("case", BAD_e600d8986201aaf6S)
def test_bad_streams(case):
    data, n, message = BAD_e600d8986201aaf6S[case]
    with pytest.raises(ValueError, match=message):
        decode_symbols(data, SMALL, n)


BAD_SYMBOLS = {
    "floats": (np.zeros((2, 3)), r"integers of shape \(2, n\).*received float64"),
    "channels": (np.zeros((3, 3), dtype=int), r"received int64 of shape \(3, 3\)"),
    "far": (np.array([[0], [2**40]]), "within 2\\^29 of 0, received 0 to 1099511627776"),
}


@pytest.mark.parametrize("case", BAD_SYMBOLS)
def test_bad_symbols(case):
    symbols, message = BAD_SYMBOLS[case]
    with pytest.raises((ValueError, TypeError), match=message):
        encode_symbols.__wrapped__(symbols, SMALL)
