"""Numbers on a logarithmic axis, written as people write them."""

import math

from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter


def plain_log_ticks(axis: Axis) -> None:
    """Labels 0.01, 0.1, 1, 10 instead of powers, and some numbers between where the axis is short."""
    low, high = axis.get_view_interval()
    decades = math.log10(high / low)
    between = range(2, 10) if decades < 0.7 else (2, 5)
    axis.set_major_formatter(FuncFormatter(plain))
    axis.set_minor_locator(LogLocator(subs=between if decades < 2 else range(2, 10)))
    axis.set_minor_formatter(FuncFormatter(plain) if decades < 2 else NullFormatter())


def plain(number: float, _position: int | None = None) -> str:
    """A number without a power where that is short.

    >>> plain(0.02), plain(2000.0), plain(1e-6)
    ('0.02', '2000', '$10^{-6}$')
    """
    if 0.99e-4 < number < 1e5:
        return f"{number:g}"
    power = math.floor(math.log10(number) + 1e-9)
    lead = number / 10**power
    return f"$10^{{{power}}}$" if abs(lead - 1) < 1e-6 else f"${lead:g} \\times 10^{{{power}}}$"
