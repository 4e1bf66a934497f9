"""Numbers as a table prints them."""

import math
import re
from typing import Any

import numpy as np
import torch


def cell_text(cell: Any, digits: int = 3) -> str:
    """A cell as text; `digits` are significant ones, whole numbers keep theirs; thousands are set apart.

    >>> print(cell_text("ours"), cell_text(None), cell_text(12345), cell_text(0.012345), cell_text(1.234e-5))
    ours – 12,345 0.0123 1.23e-05
    >>> print(cell_text([1.0, 2.0, 3.0]))
    2.00 ± 1.00
    """
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, torch.Tensor):
        cell = cell.detach().cpu().numpy()
    numbers = np.asarray(cell)
    if numbers.dtype.kind not in "iuf" or numbers.ndim > 1 or numbers.size == 0:
        raise ValueError(f"a cell is text, a number, None or a list of numbers (seeds), received {cell!r}")
    if numbers.size == 1:
        return number_text(numbers.reshape(()).item(), digits)
    return mean_text(float(numbers.mean()), float(numbers.std(ddof=1)), digits)


def mean_text(mean: float, std: float, digits: int) -> str:
    """Both numbers with the same decimal places, those of the mean."""
    if not math.isfinite(mean) or (mean and not 1e-4 <= abs(mean) < 1e6):
        return f"{number_text(mean, digits)} ± {number_text(std, 2)}"
    places = decimal_places(mean, digits)
    return f"{mean:,.{places}f} ± {std:,.{places}f}"


def number_text(number: float | int, digits: int) -> str:
    """A number to `digits` significant digits; tiny and huge ones with a power of ten."""
    if isinstance(number, int):
        return f"{number:,}"
    if not math.isfinite(number):
        return str(number)
    if number and not 1e-4 <= abs(number) < 1e6:
        return f"{number:.{digits - 1}e}"
    return f"{number:,.{decimal_places(number, digits)}f}"


def decimal_places(number: float | int, digits: int) -> int:
    """How many decimal places give `digits` significant digits."""
    return max(digits - 1 - math.floor(math.log10(abs(number))), 0) if number else digits - 1


def is_number(text: str) -> bool:
    """A number with what may stand around it (sign, power, per cent, "<", ± and another), or none reported."""
    number = r"[-−+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?"
    return text == "–" or re.fullmatch(rf"(< )?{number}( ± {number})?( ?%)?", text) is not None
