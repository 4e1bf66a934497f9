"""Values of the released codes."""

import pytest
import torch

from pcl_lib.metrics import (
    annealed_matching,
    approximate_emd,
    cd_l1,
    cd_l2,
    d2_psnr,
    density_difference,
    f1_at_1_percent,
    generation_scores,
    half_sum_hausdorff,
    local_chamfer,
    mcd,
    pairwise,
)
from pcl_lib.metrics._multiscale import TABLE_SCALE
from tests.metrics.reference import GOLDEN, cloud


@pytest.mark.parametrize("row", GOLDEN["caloss"], ids=lambda row: row["x"])
def test_caloss(row):
    x, y = cloud(row["x"]), cloud(row["y"])
    assert mcd(x, y).item() == pytest.approx(row["mcd"], rel=1e-12)
    assert mcd(x, y, scale=TABLE_SCALE).item() == pytest.approx(row["mcd_in_tables"], rel=1e-12)
    assert half_sum_hausdorff(x, y).item() == pytest.approx(row["hd"], rel=1e-12)
    assert half_sum_hausdorff(x, y, scale=TABLE_SCALE).item() == pytest.approx(row["hd_in_tables"], rel=1e-12)
    for k, value in row["per_k"].items():
        assert local_chamfer(x, y, int(k)).item() == pytest.approx(value, rel=1e-12)


def test_completion():
    row = GOLDEN["completion"]
    x, y = cloud(row["x"]), cloud(row["y"])
    assert cd_l1(x, y).item() == pytest.approx(1000 * row["half_sum_of_lengths"], rel=1e-12)
    assert cd_l2(x, y).item() == pytest.approx(1000 * row["sum_of_squares"], rel=1e-12)
    for f1 in row["f1"]:
        assert f1_at_1_percent(cloud(f1["x"]), cloud(f1["y"])).item() == pytest.approx(f1["f"], rel=1e-12)


def test_generation():
    row = GOLDEN["generation"]
    aside = torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)
    x, y = cloud("X(40)"), cloud("Y(40)")
    samples = torch.stack([0.8 * x + 0.05 * k for k in range(7)])
    references = [0.75 * y + 0.04 * k * aside for k in range(5)] + [0.8 * x + 0.02 * aside, 0.82 * x]
    references = torch.stack(references)
    scores = generation_scores(samples, references)
    assert scores.mmd.item() == pytest.approx(row["mmd"], rel=1e-12)
    assert scores.coverage.item() == pytest.approx(row["cov"], rel=1e-7)
    assert scores.one_nna.accuracy.item() == pytest.approx(row["one_nn_acc"], rel=1e-7)
    assert scores.one_nna.on_references.item() == pytest.approx(row["one_nn_acc_references"], rel=1e-10)
    assert scores.one_nna.on_samples.item() == pytest.approx(row["one_nn_acc_samples"], rel=1e-10)
    assert pairwise(samples, references).amin(1).mean().item() == pytest.approx(
        row["mmd_from_samples"], rel=1e-12
    )


def test_approximate_emd_is_a_third_above_the_exact_one():
    row = GOLDEN["approximate_emd"]
    x, y = (cloud(row[name]).float().double() for name in "xy")
    value = approximate_emd(x, y).item()
    assert value == pytest.approx(row["per_point"], rel=1e-12)
    assert value / row["exact_per_point"] == pytest.approx(row["ratio"], rel=1e-12)
    matched = annealed_matching(x, y).sum().item() / len(x)
    assert matched == pytest.approx(row["matched_mass_per_point"], rel=1e-12)


def test_dpcc_psnr():
    row = GOLDEN["psnr"]
    truth, decoded = cloud(row["truth"]), cloud(row["decoded"])
    normals = truth / truth.norm(dim=1, keepdim=True)
    assert d2_psnr(truth, decoded, normals, peak=row["peak"]).item() == pytest.approx(row["d2"], rel=1e-12)


def test_dpcc_density():
    row = GOLDEN["density"]
    x, y = (0.3 * cloud("X(150)")).float(), (0.3 * cloud("Z(140, 0.05)")).float()
    value = density_difference(x, y, ball=row["radius"], distance_weight=row["distance_weight"])
    assert value.item() == pytest.approx(row["value"], rel=1e-5)
