"""What the suite checks of annotations at each call, functions within functions too."""

import pytest
import torch
from jaxtyping import Float, TypeCheckError, jaxtyped
from torch import Tensor

from tests.annotations import MADE, checked


def first(count):
    @jaxtyped(typechecker=checked)
    def inner(x: Float[Tensor, " n"], *, scale: float = 1.0) -> Float[Tensor, " n"]:
        return scale * x[:count]

    return inner


def test_a_function_within_a_function_is_checked_each_time_and_its_check_made_once():
    made = 0
    for _ in range(2):
        assert first(4)(torch.ones(4), scale=2.0).tolist() == [2.0] * 4
        with pytest.raises(TypeCheckError, match="return value"):
            first(3)(torch.ones(4))
        with pytest.raises(TypeCheckError, match="parameters"):
            first(4)(torch.ones(4, 4))
        with pytest.raises(TypeCheckError, match="scale"):
            first(4)(torch.ones(4), scale="2")
        made = made or len(MADE)
    assert len(MADE) == made


def test_functions_of_one_name_with_other_annotations_have_other_checks():
    def made(kind):
        @jaxtyped(typechecker=checked)
        def inner(x: kind) -> kind:
            return x

        return inner

    assert made(int)(1) == 1
    assert made(str)("a") == "a"
    for kind, other in ((int, "a"), (str, 1)):
        with pytest.raises(TypeCheckError):
            made(kind)(other)
