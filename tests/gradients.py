"""torch's checks of gradients by differences: of each number by itself, and in the fast lane along one direction.

There a wrong derivative is seen by its product with a direction that has nothing to do with it, at a few calls instead
of two for each number; `make test` takes them one by one.
"""

from collections.abc import Callable
from typing import Any

from torch import autograd

from tests.examples import in_the_fast_lane


def gradcheck(function: Callable[..., Any], inputs: Any, **options: Any) -> bool:
    return autograd.gradcheck(function, inputs, **{"fast_mode": in_the_fast_lane(), **options})


def gradgradcheck(function: Callable[..., Any], inputs: Any, **options: Any) -> bool:
    return autograd.gradgradcheck(function, inputs, **{"fast_mode": in_the_fast_lane(), **options})
