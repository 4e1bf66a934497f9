"""Numbers on a logarithmic axis, written as people write them."""

import math

from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter


def plain_log_ticks(axis: Axis) -> None:
    """Labels 0.01, 0.1, 1, 10 instead of powers, and some numbers between where the axis is short."""
    low, high = axis.get_view_interval()
    decades = math.log10(high / low)
    between = (1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8) if decades < 0.7 else (2, 5)
    # All labels of an axis have one form.
    labelled = range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
    short = all(is_short(10.0**exponent) for exponent in labelled)
    label = FuncFormatter(plain if short else power_of_ten)
    axis.set_major_formatter(label)
    axis.set_minor_locator(LogLocator(subs=between if decades < 2 else range(2, 10)))
    axis.set_minor_formatter(label if decades < 2 else NullFormatter())


def plain(number: float, _position: int | None = None) -> str:
    """A number without a power where that is short.

    >>> plain(0.02), plain(2000.0), plain(1e-6)
    ('0.02', '2000', '$10^{-6}$')
    """
    return f"{number:g}" if is_short(number) else power_of_ten(number)


def is_short(number: float) -> bool:
    """Whether a number is short without a power."""
    return bool(0.99e-4 < number < 1e5)


def power_of_ten(number: float, _position: int | None = None) -> str:
    """A number with its power.

    >>> power_of_ten(1e-6), power_of_ten(2000.0)
    ('$10^{-6}$', '$2 \\\\times 10^{3}$')
    """
    power = math.floor(math.log10(number) + 1e-9)
    lead = number / 10**power
    return f"$10^{{{power}}}$" if abs(lead - 1) < 1e-6 else f"${lead:g} \\times 10^{{{power}}}$"
