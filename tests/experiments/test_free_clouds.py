"""Free clouds: the rows, the pairs, what is measured, and the tables of it."""

import dataclasses

import numpy as np
import pytest
import torch

from pcl_lib.experiments.learned_losses import (
    free_build,
    free_evaluate,
    free_report,
)
from pcl_lib.experiments.learned_losses.free_clouds import live, record_cpu, record_gpu, run, tiny
from pcl_lib.experiments.learned_losses.free_settings import ABLATIONS, LOSSES, METRICS, PRE_TRAINED, Settings
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.trainers import LearnedLoss

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def found():
    return run(tiny(), device="cpu", progress=False)


def test_every_row_is_measured_and_kept(found):
    settings = tiny()
    assert found.configurations == settings.configurations
    for loss in settings.losses:
        assert found.curves[(loss,)].shape == (2, 3)
        assert found.previews[f"{loss}/path"].shape == (2, 128, 3)
        assert found.previews[f"{loss}/final"].shape == found.previews["truth"].shape == (2, 128, 3)
        per_shape = found.previews[f"{loss}/shapes"]
        assert per_shape.shape == (2, len(METRICS), 2)
        for k, metric in enumerate(METRICS):
            of_row = list(found.values(metric, loss).values())
            np.testing.assert_allclose(per_shape[:, k].mean(1), of_row, rtol=1e-6)
        np.testing.assert_allclose(
            found.curves[(loss,)][:, -1], list(found.values("MCD", loss).values()), rtol=1e-6
        )
        emds = found.previews[f"{loss}/EMD"][:, -1].mean(1)
        np.testing.assert_allclose(emds, list(found.values("EMD", loss).values()), rtol=1e-6)


def test_adam_moves_each_coordinate_by_its_rate_at_first(found):
    """Three axes at a rate of 0.01 that has not fallen yet: a step is of 0.017, wherever the gradient is not zero."""
    moved = found.previews["CD squares/moved"][:, 0]
    assert ((moved > 0.012) & (moved < 0.0174)).all()
    assert (found.previews["CD squares/moved"][:, -1] < moved).all()


def test_sizes_are_kept_of_caloss_alone(found):
    kept = {name.split("/")[0] for name in found.previews if name.endswith("/sizes")}
    assert kept == {"CALoss", "L_p alone", "pooling max"}
    untrained = free_evaluate.sizes(tiny(), free_build.learned("CALoss", 0))
    np.testing.assert_allclose(found.previews["CALoss/sizes"][0, 0], untrained, rtol=1e-6)
    assert not np.allclose(*found.previews["CALoss/sizes"][0], rtol=1e-3)


@pytest.mark.parametrize("preset", [record_cpu, record_gpu])
def test_a_record_has_sixteen_shapes_and_every_row(preset):
    settings = preset()
    assert (settings.batch_size, settings.n_points, len(settings.seeds)) == (16, 256, 3)
    assert settings.losses == LOSSES
    assert {100, 200, 600} <= {*settings.logged_steps}, "the steps that the claims name"
    assert settings.logged_steps[-1] == settings.steps


def test_a_seed_is_one_start_for_every_loss():
    settings = dataclasses.replace(tiny(), losses=LOSSES)

    def begin(loss, seed):
        return free_build.method(settings, Run((loss,), seed), CPU).modules["model"].points.detach()

    first = begin("CD squares", 0)
    assert first.abs().max() <= 1
    for loss in set(LOSSES) - {PRE_TRAINED}:
        assert torch.equal(begin(loss, 0), first), loss
    assert not torch.equal(begin("CD squares", 1), first)


def test_ablations_begin_with_the_weights_of_the_full_loss():
    def weights(name, seed):
        return torch.cat([p.flatten() for p in free_build.learned(name, seed).points.parameters()])

    full = weights("CALoss", 3)
    for name in ABLATIONS:
        assert torch.equal(full, weights(name, 3)), name
    assert not torch.equal(full, weights("CALoss", 4))


def test_each_ablation_is_another_loss():
    """Own losses on one pair of batches, with the same noise: no two rows are the same."""
    generator = torch.Generator().manual_seed(0)
    made, truth = torch.rand(2, 4, 64, 3, generator=generator)
    values = {}
    for name in ("CALoss", *ABLATIONS):
        loss = free_build.learned(name, 0)
        torch.manual_seed(0)
        values[name] = loss.own(made, truth).item()
    # A weight of 1 and of 538 differ by little at first; all others plainly.
    assert len({round(value, 7) for value in values.values()}) == len(values), values


def test_the_frozen_loss_was_trained_on_other_shapes_and_stays():
    settings = tiny()
    method = free_build.method(settings, Run((PRE_TRAINED,), 0), CPU)
    assert not isinstance(method, LearnedLoss)
    assert set(method.modules) == {"model"}
    assert all(not p.requires_grad for p in method.loss.parameters())
    trained, untrained = free_build.pre_trained(settings, 0), free_build.learned("CALoss", 0).state_dict()
    assert all(torch.equal(method.loss.state_dict()[name], value) for name, value in trained.items())
    assert any(not torch.equal(untrained[name], value) for name, value in trained.items())
    ours, others = (free_build.shapes(settings, which).clouds for which in (0, 1))
    assert not any(torch.equal(a, b) for a in ours for b in others)


def test_shapes_lie_in_the_unit_ball_and_know_their_thin_parts():
    settings = live()
    truth, thin, areas = free_build.shapes(settings)
    torch.testing.assert_close(truth.norm(dim=-1).amax(1), torch.ones(8))
    assert thin.any(1).all()
    assert not thin.all(1).any()
    chairs = truth[:4]
    legs = thin[:4]
    assert all(
        cloud[thin].mean(0)[2] < cloud[~thin].mean(0)[2] for cloud, thin in zip(chairs, legs, strict=True)
    )
    assert all(0.5 < area < 20 for area in areas)


def test_a_truth_has_no_error():
    settings = tiny()
    truth, thin, _ = free_build.shapes(settings)
    for metric in METRICS:
        if metric != "uniformity":
            torch.testing.assert_close(
                free_evaluate.of_shapes(settings, truth, metric), torch.zeros(2, dtype=torch.float64)
            )
    # thin parts that are moved count, and others do not
    legs = torch.where(thin[..., None], truth + torch.tensor([0.0, 0.0, -5.0]), truth)
    assert (free_evaluate.of_shapes(settings, legs, "thin parts") > 0.01).all()


def test_the_error_of_a_thin_part_by_hand():
    truth = torch.tensor([[0.0, 0, 0], [1, 0, 0], [5, 0, 0]])
    thin = torch.tensor([True, True, False])
    made = torch.tensor([[0.0, 0.3, 0], [1, 0, 0.1], [5, 2, 0]])
    # there 0.3 and 0.1; back the same two, since the third lies nearest to what is not thin
    torch.testing.assert_close(free_evaluate.thin_error(made, truth, thin), torch.tensor(0.2))
    far = torch.tensor([[5.0, 0, 0]])
    torch.testing.assert_close(free_evaluate.thin_error(far, truth, thin), torch.tensor(4.5))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"losses": ("CALoss",)}, "must hold loss 'CD squares'"),
        ({"losses": ("CD squares", "L2")}, "losses must be some of"),
        ({"path_steps": 50, "path_every": 20}, "multiple of path_every"),
        ({"path_steps": 3200}, "up to the 1600 steps"),
        ({"seeds": (1, 1)}, "seeds must be different"),
        ({"shown": 17}, "shown and curve_shapes"),
    ],
)
def test_settings_that_do_not_fit(change, message):
    with pytest.raises(ValueError, match=message):
        Settings(**change)


def test_a_family_without_thin_parts():
    with pytest.raises(ValueError, match=r"points on a thin part .* received car-0 without"):
        free_build.shapes(dataclasses.replace(tiny(), families=("car",), per_family=1, shown=1))


def test_a_row_for_each_loss(found):
    table = free_report.losses_table(found, "All.").text
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == [
        "CD squares",
        "EMD",
        "PCLoss",
        "CALoss",
    ]


def test_an_error_of_nothing_is_told_in_words(found):
    def scaled(row):
        metrics = row.metrics | {"MCD": row.metrics["MCD"] * (1e-12 if row.configuration == ("EMD",) else 1)}
        return dataclasses.replace(row, metrics=metrics)

    gone = dataclasses.replace(found, rows=[scaled(row) for row in found.rows])
    lines = free_report.losses_table(gone, "All.").text.splitlines()[2:]
    cells = dict(line.split(" | ")[:2] for line in lines)
    assert cells["EMD"] == "< 0.0001"
    assert "±" in cells["CALoss"]


def test_tables_of_one_seed_have_the_interval_over_shapes_alone(found):
    alone = dataclasses.replace(found, rows=[row for row in found.rows if row.seed == 0])
    last = free_report.differences_table(alone, ["CALoss"], "One seed.").text.splitlines()[-1]
    assert last.split(" | ")[1] == "–"
    assert "(" in last.split(" | ")[2]


def test_the_path_begins_at_the_start(found):
    clouds = free_report.path(found, "CALoss")
    assert len(clouds) == 3
    np.testing.assert_array_equal(clouds[0], found.previews["start"][0].astype(np.float32))


def test_shapes_at_rest_beside_their_truth(found):
    figure = free_report.at_rest(found, ("pre-trained CALoss", "CALoss"), shapes=2)
    assert figure.html.count("<img") == 6
    assert figure.text == "2 shapes: the truth, and free points at rest under 2 losses."
