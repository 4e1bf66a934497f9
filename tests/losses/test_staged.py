"""Losses of stages: each against plain torch, with and without an order of the truth, the schedule, bad input."""

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcl_lib.distances import auction, chamfer, hyper_cd, weighted_chamfer
from pcl_lib.losses import folding_loss, pcn_alpha, pcn_loss, pointattn_loss, snowflake_loss
from pcl_lib.neighbors import farthest_points
from tests.gradients import gradcheck

B, N = 3, 40
LENGTHS = partial(chamfer, squared=False, combine="mean")  # of SnowflakeNet and PointAttN
ONE_SIDED = partial(chamfer, squared=False, combine="forward")


def clouds(*sizes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.rand(B, n, 3, generator=generator, dtype=torch.float64) for n in sizes)


(TRUTH,) = clouds(N, seed=1)
(PARTIAL,) = clouds(17, seed=2)
STAGES = clouds(5, 9, 20, 60)


def in_order(x):
    return x.take_along_dim(farthest_points(x, x.shape[1])[..., None], 1)


def cd(x, y):
    """The Chamfer distance of lengths, half of both means, in plain torch."""
    d = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
    return (d.amin(2).mean(1) + d.amin(1).mean(1)) / 2


def thinned(x, n):
    """Farthest points, one after the other, in plain torch."""
    kept = []
    for cloud in x:
        chosen = [0]
        for _ in range(n - 1):
            gap = torch.stack([(cloud - cloud[i]).norm(dim=1) for i in chosen]).amin(0)
            chosen.append(int(gap.argmax()))
        kept.append(cloud[chosen])
    return torch.stack(kept)


def test_pcn_in_plain_torch():
    coarse, fine = STAGES[0], STAGES[3]
    expected = cd(coarse, TRUTH) + 0.1 * cd(fine, TRUTH)
    found = pcn_loss((coarse, fine), TRUTH, loss=LENGTHS, alpha=0.1)
    assert found.shape == (B,)
    torch.testing.assert_close(found, expected)


def test_snowflake_in_plain_torch():
    one_sided = torch.cdist(PARTIAL, STAGES[3], compute_mode="donot_use_mm_for_euclid_dist").amin(2).mean(1)
    expected = cd(STAGES[3], TRUTH) + one_sided
    for stage in STAGES[:3]:
        expected = expected + cd(stage, thinned(TRUTH, stage.shape[1]))
    found = snowflake_loss(STAGES, TRUTH, loss=LENGTHS, partial=PARTIAL, partial_loss=ONE_SIDED)
    assert found.shape == (B,)
    torch.testing.assert_close(found, expected)


def test_pointattn_in_plain_torch():
    coarse, middle, fine = STAGES[1:]
    truth_of_middle = thinned(TRUTH, 20)
    truth_of_coarse = thinned(truth_of_middle, 9)  # of the sample, as the release takes it
    expected = cd(coarse, truth_of_coarse) + cd(middle, truth_of_middle) + cd(fine, TRUTH)
    torch.testing.assert_close(pointattn_loss((coarse, middle, fine), TRUTH, loss=LENGTHS), expected)


def test_folding_in_plain_torch():
    torch.testing.assert_close(folding_loss(STAGES[3:], TRUTH, loss=LENGTHS), cd(STAGES[3], TRUTH))


@pytest.mark.parametrize("stages", [STAGES, STAGES[3:], STAGES[2:], (STAGES[2], STAGES[0], STAGES[3])])
def test_a_truth_in_order_gives_the_same_value_and_gradient(stages):
    truth = in_order(TRUTH)
    options = {"loss": LENGTHS, "partial": PARTIAL, "partial_loss": ONE_SIDED}
    for function, given_ in ((snowflake_loss, options), (pointattn_loss, {"loss": LENGTHS})):
        made = [stage.clone().requires_grad_() for stage in stages]
        again = [stage.clone().requires_grad_() for stage in stages]
        searched = function(made, TRUTH, **given_)
        first = function(again, truth, ordered=True, **given_)
        torch.testing.assert_close(first, searched)
        searched.sum().backward()
        first.sum().backward()
        for a, b in zip(made, again, strict=True):
            torch.testing.assert_close(a.grad, b.grad)
    if len(stages) > 1:
        taken_for_ordered = pointattn_loss(stages, TRUTH, loss=LENGTHS, ordered=True)
        assert (
            taken_for_ordered - pointattn_loss(stages, truth, loss=LENGTHS, ordered=True)
        ).abs().min() > 1e-4


def test_an_ordered_truth_is_not_searched(monkeypatch):
    def searched(*args):
        raise AssertionError("searched")

    monkeypatch.setattr("pcl_lib.losses._staged.farthest_points", searched)
    pointattn_loss(STAGES, in_order(TRUTH), loss=LENGTHS, ordered=True)
    pointattn_loss(STAGES[3:], TRUTH, loss=LENGTHS)  # one stage needs no sample
    with pytest.raises(AssertionError, match="searched"):
        pointattn_loss(STAGES, TRUTH, loss=LENGTHS)


def test_zero_where_every_stage_is_its_truth():
    truth = in_order(TRUTH)
    stages = (truth[:, :5], truth[:, :20], truth)
    zero = torch.zeros(B, dtype=truth.dtype)
    torch.testing.assert_close(pointattn_loss(stages, TRUTH, loss=LENGTHS), zero)
    options = {"loss": LENGTHS, "partial": truth[:, 3:9], "partial_loss": ONE_SIDED}
    torch.testing.assert_close(snowflake_loss(stages, TRUTH, **options), zero)
    torch.testing.assert_close(pcn_loss((truth, truth), TRUTH, loss=LENGTHS, alpha=1.0), zero)


@pytest.mark.parametrize(
    "loss", [chamfer, hyper_cd, partial(weighted_chamfer, weight="landau"), lambda x, y: auction(x, y).value]
)
def test_any_distance_takes_the_place_of_the_chamfer_distance(loss):
    stages = clouds(10, N)
    found = pointattn_loss(stages, TRUTH, loss=loss)
    expected = loss(stages[0], thinned(TRUTH, 10)) + loss(stages[1], TRUTH)
    torch.testing.assert_close(found, expected)


def test_each_cloud_counts_alone():
    found = snowflake_loss(STAGES, TRUTH, loss=LENGTHS, partial=PARTIAL, partial_loss=ONE_SIDED)
    for b in range(B):
        one = [stage[b : b + 1] for stage in STAGES]
        alone = snowflake_loss(
            one, TRUTH[b : b + 1], loss=LENGTHS, partial=PARTIAL[b : b + 1], partial_loss=ONE_SIDED
        )
        torch.testing.assert_close(alone, found[b : b + 1])


@pytest.mark.slow
def test_gradcheck():
    stages = [stage.clone().requires_grad_() for stage in clouds(3, 6, 8, seed=3)]
    (truth,) = clouds(7, seed=4)

    def value(*made):
        (given_,) = clouds(4, seed=5)
        return snowflake_loss(made, truth, loss=LENGTHS, partial=given_, partial_loss=ONE_SIDED)

    assert gradcheck(value, stages)
    assert gradcheck(lambda a, b: pcn_loss((a, b), truth, loss=chamfer, alpha=0.5), stages[1:])


def test_the_released_schedule():
    # tf.train.piecewise_constant(global_step, [10000, 20000, 50000], [0.01, 0.1, 0.5, 1.0]): a boundary belongs below.
    steps = [0, 10_000, 10_001, 20_000, 20_001, 50_000, 50_001, 300_000]
    assert [pcn_alpha(step) for step in steps] == [0.01, 0.01, 0.1, 0.1, 0.5, 0.5, 1.0, 1.0]


@given(st.integers(0, 300_000), st.integers(1, 10_000))
def test_the_schedule_of_a_run_of_another_length(step, times):
    assert pcn_alpha(step * times, steps=300_000 * times) == pcn_alpha(step)
    assert pcn_alpha(step) <= pcn_alpha(step + 1)


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: pcn_loss(STAGES, TRUTH, loss=chamfer, alpha=1.0),
            "stages must be 2 stages, clouds from coarse to fine, received 4",
        ),
        (
            lambda: folding_loss(STAGES[3], TRUTH, loss=chamfer),
            "stages must be one stage, clouds from coarse to fine, received Tensor",
        ),
        (lambda: pointattn_loss((), TRUTH, loss=chamfer), "one stage or more, .* received 0"),
        (
            lambda: pointattn_loss((STAGES[0], STAGES[1][:2]), TRUTH, loss=chamfer),
            r"stages\[1\] and truth must be .* of as many clouds .*, received \(2, 9, 3\) and \(3, 40, 3\)",
        ),
        (
            lambda: folding_loss(STAGES[:1], TRUTH[0], loss=chamfer),
            r"received \(3, 5, 3\) and \(40, 3\); add a missing axis with \[None\]",
        ),
        (
            lambda: pcn_loss((STAGES[0], STAGES[1][0]), TRUTH, loss=chamfer, alpha=1.0),
            r"stages\[1\] and truth must be .*, received \(9, 3\) and \(3, 40, 3\); add a missing axis",
        ),
        (
            lambda: snowflake_loss(
                STAGES, TRUTH, loss=chamfer, partial=PARTIAL[..., :2], partial_loss=ONE_SIDED
            ),
            r"partial and truth must be .* of one dimension, received \(3, 17, 2\) and \(3, 40, 3\)",
        ),
        (
            lambda: pointattn_loss((STAGES[3], STAGES[0]), TRUTH, loss=chamfer),
            r"every stage but the last must have at most the 40 points of the truth, .* received stages of \[60, 5\]",
        ),
        (
            lambda: folding_loss(STAGES[:1], TRUTH, loss=lambda x, y: chamfer(x, y).mean()),
            r"one value per cloud, shape \(3,\), received shape \(\); leave out its mean",
        ),
        (
            lambda: folding_loss(STAGES[:1], STAGES[0], loss=auction),
            r"one value per cloud, shape \(3,\), received Auction; leave out",
        ),
        (
            lambda: pcn_loss(STAGES[:2], TRUTH, loss=chamfer, alpha=-0.1),
            "alpha must be a finite number of at least 0, received -0.1",
        ),
        (lambda: pcn_loss(STAGES[:2], TRUTH, loss=chamfer, alpha=float("nan")), "received nan"),
        (
            lambda: folding_loss((STAGES[0] / 0,), TRUTH, loss=chamfer),
            "x must be finite",
        ),
        (lambda: pcn_alpha(-1), "step must be at least 0 and steps at least 1, received -1 and 300000"),
        (lambda: pcn_alpha(3, steps=0), "received 3 and 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("staged", [pcn_loss, snowflake_loss, pointattn_loss])
def test_another_loss_on_the_last_stage_alone(staged):
    options = {
        pcn_loss: {"alpha": 0.5},
        snowflake_loss: {"partial": PARTIAL, "partial_loss": ONE_SIDED},
        pointattn_loss: {},
    }[staged]
    stages = STAGES[:2] if staged is pcn_loss else STAGES[:3]
    plain = staged(stages, TRUTH, loss=chamfer, **options)
    mixed = staged(stages, TRUTH, loss=chamfer, last=LENGTHS, **options)
    weight = 0.5 if staged is pcn_loss else 1.0
    moved = weight * (LENGTHS(stages[-1], TRUTH) - chamfer(stages[-1], TRUTH))
    torch.testing.assert_close(mixed - plain, moved)


def test_a_learned_loss_may_have_one_value_for_the_batch():
    class OneValue(torch.nn.Module):
        def forward(self, made, truth):
            return (made.mean() - truth.mean()).square()

    value = pointattn_loss(STAGES[:1], TRUTH, loss=chamfer, last=OneValue())
    torch.testing.assert_close(value, OneValue()(STAGES[0], TRUTH).expand(B))
