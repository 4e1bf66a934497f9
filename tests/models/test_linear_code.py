"""The linear code: as good as singular values say, exact where a set is linear, and bad input."""

import pytest
import torch

from pcl_lib.models import LinearCode
from tests.models.networks import clouds

CLOUDS = clouds(12, 20, dtype=torch.float64)


@pytest.mark.parametrize("size", [1, 3, 11])
def test_the_squared_error_is_what_the_singular_values_leave(size):
    code = LinearCode.fit(CLOUDS, size)
    made = code(code.encode(CLOUDS))
    away = (CLOUDS - CLOUDS.mean(0)).flatten(1)
    left = torch.linalg.svdvals(away)[size:].square().sum()
    torch.testing.assert_close((made - CLOUDS).square().sum(), left, rtol=1e-9, atol=1e-18)
    gram = code.components @ code.components.T
    torch.testing.assert_close(gram, torch.eye(size, dtype=torch.float64), rtol=0, atol=1e-9)


def test_more_components_leave_less_and_the_first_matter_most():
    codes = [LinearCode.fit(CLOUDS, size) for size in (1, 2, 5)]
    errors = [float((code(code.encode(CLOUDS)) - CLOUDS).square().sum()) for code in codes]
    assert errors[0] > errors[1] > errors[2] > 0
    spread = codes[2].encode(CLOUDS).var(0)
    assert (spread.diff() < 0).all()


def test_a_new_cloud_of_a_linear_set_is_coded_without_error():
    generator = torch.Generator().manual_seed(1)
    modes = torch.randn(3, 20, 3, generator=generator)
    weights = torch.randn(9, 3, generator=generator)
    made = 5 + torch.tensordot(weights, modes, 1)
    code = LinearCode.fit(made[:8], 3)
    torch.testing.assert_close(code(code.encode(made[8:])), made[8:], rtol=1e-4, atol=1e-4)
    shuffled = made[8:, torch.randperm(20, generator=generator)]
    assert (code(code.encode(shuffled)) - shuffled).abs().max() > 0.5, "without the correspondence it is lost"


def test_clouds_that_vary_in_fewer_directions_are_still_coded_without_error():
    line = torch.linspace(0, 1, 5)[:, None, None] * torch.ones(1, 4, 3)
    code = LinearCode.fit(line, 3)
    torch.testing.assert_close(code(code.encode(line)), line)
    assert code.encode(line)[:, 1:].abs().max() < 1e-6
    still = LinearCode.fit(torch.ones(3, 4, 3), 2)
    torch.testing.assert_close(still(still.encode(torch.ones(1, 4, 3))), torch.ones(1, 4, 3))


def test_it_is_kept_with_the_state_and_has_nothing_to_train():
    code, other = (LinearCode.fit(x, 2) for x in (CLOUDS, CLOUDS.flip(1)))
    assert not list(code.parameters())
    other.load_state_dict(code.state_dict())
    assert torch.equal(other.encode(CLOUDS), code.encode(CLOUDS))


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LinearCode.fit(CLOUDS, 12), "code_size must be an integer from 1 to 11, as 12 clouds vary in no"),
        (lambda: LinearCode.fit(CLOUDS, 0), "code_size must be an integer from 1 to 11"),
        (lambda: LinearCode.fit(CLOUDS[0], 1), r"clouds must be a batch \(S, N, 3\), received \(20, 3\)"),
        (lambda: LinearCode.fit(CLOUDS * torch.nan, 1), "clouds must be finite, received nan"),
        (
            lambda: LinearCode.fit(CLOUDS, 2).encode(CLOUDS[:, :5]),
            r"x must be clouds \(B, 20, 3\) of the places .* received \(12, 5, 3\)",
        ),
        (lambda: LinearCode.fit(CLOUDS, 2)(torch.zeros(4, 3)), r"code must be .* \(B, 2\), received \(4, 3\)"),
    ],
)  # fmt: skip
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()
