"""The completion tables: scales, and the KITTI protocol against loops."""

import pytest
import torch

from pcl_lib.distances import CHAMFER_CONVENTIONS, chamfer, f_score
from pcl_lib.metrics import cd_l1, cd_l2, f1_at_1_percent, fidelity, kitti_mmd
from tests.metrics.reference import random_clouds, square_distances


def test_agrees_with_the_convention_card():
    x, y = random_clouds(2, 30, 3), random_clouds(2, 22, 3, seed=1)
    for metric, name in ((cd_l1, "pcn CD-L1"), (cd_l2, "pcn CD-L2")):
        card = CHAMFER_CONVENTIONS[name]
        assert torch.equal(metric(x, y), card.factor * chamfer(x, y, **card.options))


def test_matches_the_loops():
    x, y = random_clouds(30, 3), random_clouds(22, 3, seed=1)
    sq = square_distances(x.numpy(), y.numpy())
    there, back = sq.min(1), sq.min(0)
    assert cd_l1(x, y).item() == pytest.approx(500 * ((there**0.5).mean() + (back**0.5).mean()), rel=1e-12)
    assert cd_l2(x, y).item() == pytest.approx(1000 * (there.mean() + back.mean()), rel=1e-12)
    assert fidelity(x, y).item() == pytest.approx((there**0.5).mean(), rel=1e-12)
    assert fidelity(x, y, squared=True, scale=1000.0).item() == pytest.approx(1000 * there.mean(), rel=1e-12)


def test_the_clamp_of_the_released_code_shows_below_its_floor_only():
    x = random_clouds(50, 3)
    assert cd_l1(x, x).item() == 0  # the released code: 1000 * sqrt(1e-9) = 0.032
    y = x + 1e-3 * (random_clouds(50, 3, seed=1) + 0.1)
    sq = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").square()
    clamped = sum(sq.amin(d).clamp(min=1e-9).sqrt().mean() for d in (0, 1)) * 500
    assert cd_l1(x, y).item() == pytest.approx(clamped.item(), rel=1e-9)


def test_f1_is_strict_at_one_hundredth():
    x = torch.zeros(1, 3, dtype=torch.float64)
    assert f1_at_1_percent(x, x + torch.tensor([0.01, 0, 0], dtype=x.dtype)).item() == 0
    assert f1_at_1_percent(x, x + torch.tensor([0.0099, 0, 0], dtype=x.dtype)).item() == 1
    a, b = random_clouds(2, 2000, 2), random_clouds(2, 1500, 2, seed=1)
    assert torch.equal(f1_at_1_percent(a, b), f_score(a, b, 0.01).f)
    assert 0.1 < f1_at_1_percent(a, b)[0] < 0.9


def test_fidelity_is_one_sided():
    x = random_clouds(30, 3)
    assert fidelity(x[:10], x).item() == 0
    assert fidelity(x, x[:10]).item() > 0


@pytest.mark.parametrize("squared", [False, True])
def test_kitti_mmd_is_the_best_reference_of_each_completion(squared):
    completed, references = random_clouds(4, 20, 3), random_clouds(3, 25, 3, seed=1)
    expected = []
    for x in completed:
        values = []
        for y in references:
            sq = square_distances(x.numpy(), y.numpy())
            there, back = (sq.min(1), sq.min(0)) if squared else (sq.min(1) ** 0.5 / 2, sq.min(0) ** 0.5 / 2)
            values.append(there.mean() + back.mean())
        expected.append(min(values))
    value = kitti_mmd(completed, references, squared=squared, scale=1000.0)
    assert value.tolist() == pytest.approx([1000 * v for v in expected], rel=1e-12)


def test_messages(as_users_call_it):
    x = random_clouds(10, 3)
    with pytest.raises(ValueError, match=r"stack of clouds of shape \(S, N, D\).*completed\[None\]"):
        kitti_mmd(x, x[None])
    with pytest.raises(ValueError, match="partial and completed must have the same dimension"):
        fidelity(x, x[:, :2])
    with pytest.raises(ValueError, match="integer tensor"):
        cd_l1(x.long(), x.long())
