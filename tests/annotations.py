"""beartype for jaxtyping's import hook, at the first call, and once for each signature.

The hook decorates functions within functions too, each time they are made: beartype would write the same check again,
and Python compile it, many times in one call of a distance. More than half of the time of a small call went there. Most
functions are never called in a process of a few tests, and need no check.
"""

from collections.abc import Callable
from typing import Any

from beartype import beartype

Check = Callable[..., Any]
MADE: dict[tuple, Check] = {}


def checked(function: Check) -> Check:
    """A function that checks its annotations. jaxtyping hands over one that is empty, for which any other stands as
    well that has the same name, arguments and annotations."""
    if "<locals>" not in function.__qualname__:
        return when_called(function)
    code = function.__code__
    key = (
        *(function.__module__, function.__qualname__, code.co_varnames, code.co_flags),
        *(code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount),
        *(len(function.__defaults__ or ()), frozenset(function.__kwdefaults__ or ())),
        # By their words: jaxtyping makes a new class of the same shape each time.
        *((name, repr(hint)) for name, hint in function.__annotations__.items()),
    )
    if key not in MADE:
        MADE[key] = when_called(function)
    return MADE[key]


def when_called(function: Check) -> Check:
    made: list[Check] = []

    def check(*args: Any, **kwargs: Any) -> Any:
        if not made:
            made.append(beartype(function))
        return made[0](*args, **kwargs)

    return check
