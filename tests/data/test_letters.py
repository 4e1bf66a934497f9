"""Letters as points."""

import pytest
import torch

from pcl_lib.data import letters


def test_a_word_fills_its_box():
    word = letters("ECCV", 4000)
    assert word.shape == (4000, 2)
    assert word.dtype == torch.float32
    low, high = word.amin(0), word.amax(0)
    torch.testing.assert_close(torch.stack([low[0], high[0]]), torch.tensor([-1.0, 1.0]), rtol=0, atol=0.01)
    torch.testing.assert_close(low, -high, rtol=0, atol=0.02)


def test_points_are_uniform_by_length():
    """A capital I is two long sides and two short ones."""
    i = letters("I", 4000)
    width = i[:, 0].amax() - i[:, 0].amin()
    on_a_side = (i[:, 0].abs() > 0.499 * width).double().mean().item()
    assert on_a_side == pytest.approx(4 / (4 + 2 * float(width)), abs=0.02)


def test_holes_have_an_outline_too():
    o = letters("o", 2000).norm(dim=1)
    assert ((o < 0.8).double().mean() > 0.3) & ((o > 0.8).double().mean() > 0.3)


def test_seeds_and_depth():
    assert torch.equal(letters("ab", 50, seed=1), letters("ab", 50, seed=1))
    assert not torch.equal(letters("ab", 50, seed=1), letters("ab", 50, seed=2))
    deep = letters("ab", 500, dims=3, thickness=0.4, seed=1)
    assert torch.equal(deep[:, :2], letters("ab", 500, seed=1))
    assert 0.19 < deep[:, 2].abs().max() <= 0.2
    assert deep[:, 2].mean().abs() < 0.05


@pytest.mark.parametrize("text", ["", "   "])
def test_nothing_to_draw(text):
    with pytest.raises(ValueError, match="text must have letters with an outline, received"):
        letters(text)
