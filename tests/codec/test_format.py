"""`pcl_lib/codec/FORMAT.md` is enough to read a cloud: a decoder that was written from it alone finds the same."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest

from pcl_lib.codec import decode_symbols, encode_symbols, read_model
from pcl_lib.codec._adaptive import AdaptiveReader, AdaptiveWriter
from pcl_lib.codec._grid import decode_grid
from pcl_lib.models import IntegerTables
from tests.codec import another_decoder

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
CLOUDS = json.loads((GOLDEN / "clouds.json").read_text(encoding="utf-8"))
TYPES = {"f4": "f", "f8": "d"}


@pytest.mark.parametrize("codec", ["grid", "octree"])
def test_a_golden_cloud(codec):
    """To the last bit, as the checksum in the file says, and normals to those of float32."""
    kind, header, arrays = another_decoder.container((GOLDEN / f"{codec}.pclc").read_bytes())
    points = another_decoder.points(header, arrays)
    assert kind == "pclc"
    assert points == CLOUDS[codec]["points"]
    flat = [x for point in points for x in point]
    assert zlib.crc32(struct.pack(f"<{len(flat)}{TYPES[header['dtype']]}", *flat)) == header["sum"]
    np.testing.assert_allclose(
        another_decoder.normals(header, arrays), CLOUDS[codec]["normals"], rtol=0, atol=1e-7
    )


def test_the_symbols_of_a_golden_learnt_cloud():
    """All but the network: cubes, latent points, symbols with the tables of the model, and the small points."""
    _, header, arrays = another_decoder.container((GOLDEN / "dpcc.pclc").read_bytes())
    _, _, model = another_decoder.container((ROOT / "pcl_lib/codec/shipped/dpcc.pclm").read_bytes())
    patches, tables = header["patches"], read_model()
    decoder, reader = another_decoder.Decoder(arrays["table"]), AdaptiveReader(arrays["table"])
    for _ in range(3):
        latents = decoder.integers(patches)
        assert latents == reader.integers(np.zeros(patches, np.int64), 1).tolist()
    total = sum(latents)
    for stream, part in (("features", "features"), ("places", "coordinates")):
        decoder, counts = another_decoder.Decoder(arrays[stream]), iter(model[f"{part} counts"])
        found = [
            decoder.table(total, lowest, [next(counts) for _ in range(size)])
            for lowest, size in zip(model[f"{part} lowest"], model[f"{part} sizes"], strict=True)
        ]
        assert found == decode_symbols(arrays[stream], getattr(tables, part), total).tolist()
    small = accumulate(another_decoder.Decoder(arrays["small"]).integers(header["small"]))
    expected = decode_grid(arrays["small"], header["small"])
    assert [another_decoder.cell(code) for code in small] == [tuple(row) for row in expected.tolist()]


def test_the_checksum_of_a_model():
    kind, header, arrays = another_decoder.container((ROOT / "pcl_lib/codec/shipped/dpcc.pclm").read_bytes())
    digest = hashlib.blake2b(json.dumps(header["sizes"], sort_keys=True).encode(), digest_size=8)
    for name in sorted(arrays):
        letter = "f" if name == "weights" else "i"
        digest.update(struct.pack(f"<{len(arrays[name])}{letter}", *arrays[name]))
    assert kind == "pclm"
    assert digest.hexdigest() == read_model().checksum


def test_integers_far_outside_of_a_table():
    tables = IntegerTables.of([-2, 0], [[0.2, 0.3, 0.2, 0.1], [0.5]])
    symbols = np.array([[0, -2, 1, 900, -3, 2, -70_000], [0, 1, 0, -1, 0, 2**29, 0]])
    decoder = another_decoder.Decoder(encode_symbols(symbols, tables))
    for row, lowest, counts in zip(symbols, tables.lowest, tables.counts, strict=True):
        assert decoder.table(7, int(lowest), counts.tolist()) == row.tolist()


def test_long_integers_in_many_blocks():
    """Numbers of up to 62 bits, whose raw part is more than one piece, and runs of several blocks."""
    rng = np.random.default_rng(0)
    values = rng.integers(0, 1 << 62, 300) >> rng.integers(0, 62, 300)
    writer = AdaptiveWriter()
    writer.integers(values, np.zeros(300, np.int64), 1)
    assert another_decoder.Decoder(writer.data()).integers(300) == values.tolist()
