"""Range coding with counts that both sides keep: what has been coded so far is the model of what comes next.

The counts are frozen over a block of symbols and updated after it, so that encoder and decoder hand `constriction`
whole arrays. All of it is integer arithmetic, and a weight is exactly a float64: the same bytes on every machine.
"""

from __future__ import annotations

import numpy as np

from pcl_lib.codec._errors import CodecError

FIRST_BLOCK, LAST_BLOCK = 32, 4096
_COUNT = 32  # weight of one occurrence in a context
_SHARED = 1024  # weight that the distribution over all contexts has in each of them
_RAW = 16  # bits coded without a model at a time
_MODELLED = 2  # bits behind the leading one that have a model


class Counts:
    """How often each symbol came in each context; a context that has seen little leans on all of them together."""

    def __init__(self, contexts: int, symbols: int) -> None:
        self.counts = np.zeros((contexts, symbols), np.int64)
        self.together = np.zeros(symbols, np.int64)

    def weights(self, contexts: np.ndarray) -> np.ndarray:
        """Weights of the symbols in each of the contexts (n, symbols), all at least 1."""
        shared = self.together * _SHARED // max(int(self.together.sum()), 1) + 1
        return (self.counts[contexts] * _COUNT + shared).astype(np.float64)

    def add(self, contexts: np.ndarray, symbols: np.ndarray) -> None:
        np.add.at(self.counts, (contexts, symbols), 1)
        self.together += np.bincount(symbols, minlength=len(self.together))


def blocks(n: int) -> list[slice]:
    """The blocks of n symbols: short ones first, so that the counts are of use early."""
    found, start = [], 0
    while start < n:
        stop = min(n, start + min(max(FIRST_BLOCK, start // 4), LAST_BLOCK))
        found.append(slice(start, stop))
        start = stop
    return found


class AdaptiveWriter:
    """Writes symbols and integers to one range-coded stream."""

    def __init__(self) -> None:
        from constriction import stream

        self.coder = stream.queue.RangeEncoder()
        self.family = stream.model.Categorical(perfect=False)
        self.uniform = stream.model.Uniform

    def symbols(self, values: np.ndarray, contexts: np.ndarray, counts: Counts) -> None:
        """Symbols (n,) below the alphabet's size, each in its context (n,)."""
        for part in blocks(len(values)):
            self.coder.encode(values[part].astype(np.int32), self.family, counts.weights(contexts[part]))
            counts.add(contexts[part], values[part])

    def integers(self, values: np.ndarray, contexts: np.ndarray, n_contexts: int) -> None:
        """Non-negative integers (n,) below 2^63: the length and two bits behind the first by counts, the rest as is."""
        lengths = bit_lengths(values)
        self.symbols(lengths, contexts, Counts(n_contexts, 64))
        for length in np.unique(lengths):
            below = int(length) - 1  # bits behind the leading one, which the length tells
            if below <= 0:
                continue
            rest = values[lengths == length] & ((1 << below) - 1)
            top = min(below, _MODELLED)
            self.symbols(rest >> (below - top), np.zeros(len(rest), np.int64), Counts(1, 1 << top))
            for shift, bits in raw_parts(below - top):
                self.coder.encode(
                    ((rest >> shift) & ((1 << bits) - 1)).astype(np.int32), self.uniform(1 << bits)
                )

    def data(self) -> bytes:
        return self.coder.get_compressed().astype("<u4").tobytes()


class AdaptiveReader:
    """Reads what `AdaptiveWriter` wrote, in its order; any bytes give symbols of the alphabet or a `CodecError`."""

    def __init__(self, data: bytes) -> None:
        from constriction import stream

        if len(data) % 4:
            raise CodecError(f"the stream must be whole words of 4 bytes, received {len(data)} bytes")
        self.coder = stream.queue.RangeDecoder(np.frombuffer(data, "<u4").astype(np.uint32))
        self.family = stream.model.Categorical(perfect=False)
        self.uniform = stream.model.Uniform

    def symbols(self, contexts: np.ndarray, counts: Counts) -> np.ndarray:
        """One symbol for each of the contexts (n,)."""
        values = np.empty(len(contexts), np.int64)
        for part in blocks(len(contexts)):
            values[part] = self._decode(self.family, counts.weights(contexts[part]))
            counts.add(contexts[part], values[part])
        return values

    def integers(self, contexts: np.ndarray, n_contexts: int) -> np.ndarray:
        """One non-negative integer for each of the contexts (n,)."""
        lengths = self.symbols(contexts, Counts(n_contexts, 64))
        values = (lengths > 0).astype(np.int64)
        for length in np.unique(lengths):
            below = int(length) - 1
            if below <= 0:
                continue
            here = np.flatnonzero(lengths == length)
            top = min(below, _MODELLED)
            rest = self.symbols(np.zeros(len(here), np.int64), Counts(1, 1 << top))
            for _, bits in raw_parts(below - top):
                rest = (rest << bits) | self._decode(self.uniform(1 << bits), len(here))
            values[here] = (1 << below) | rest
        return values

    def finish(self) -> None:
        """An error if the stream holds more than was read."""
        if not self.coder.maybe_exhausted():
            raise CodecError("the stream is longer than its header says: the file is damaged")

    def _decode(self, *model: object) -> np.ndarray:
        try:
            return self.coder.decode(*model).astype(np.int64)
        except AssertionError:  # what constriction raises on bytes that no encoder writes
            raise CodecError("the stream holds bytes that no encoder writes: the file is damaged") from None


def bit_lengths(values: np.ndarray) -> np.ndarray:
    """Bits of each non-negative integer: 0 for 0, 1 for 1, 2 for 2 and 3, .."""
    high = values >> 31  # two parts, since a float64 is not exact from 2^53 on
    part = np.where(high > 0, high, values)
    return np.frexp(part.astype(np.float64))[1].astype(np.int64) + np.where(high > 0, 31, 0)


def raw_parts(bits: int) -> list[tuple[int, int]]:
    """(shift, bits) of the pieces in which bits without a model are coded, the highest first."""
    return [(shift, min(_RAW, bits - shift)) for shift in range(0, bits, _RAW)][::-1]
