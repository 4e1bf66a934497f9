"""The experiment on generated shapes: settings, data, stages, and what the scores say of sets that one knows."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pcl_lib.distances import chamfer, emd
from pcl_lib.experiments.generation import build, evaluate, field
from pcl_lib.experiments.generation.data import sets
from pcl_lib.experiments.generation.known import KnownShapes, matched, with_twins
from pcl_lib.experiments.generation.settings import (
    DISTANCES,
    KNOWN,
    LEARNT,
    LGAN,
    MATCHED,
    MODELS,
    OURS,
    RGAN,
    SCORES,
    THINNED,
    TRAIN,
    TWINS,
    VAE,
)
from pcl_lib.experiments.runner.experiment import Run, runs_of
from pcl_lib.experiments.runner.training import load_final_weights
from pcl_lib.trainers import fit

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def settings():
    return field.tiny()


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generation")
    return folder, field.run(replace(field.tiny(), seeds=(0,)), folder=folder, device="cpu", progress=False)


def test_the_recorded_presets():
    of = field.EXPERIMENT
    recorded = [preset for preset in of.presets if preset.startswith("record")]
    for name in recorded:
        preset = of.presets[name]()
        assert preset.models == (KNOWN if name == "record-known" else MODELS)
        assert preset.test_shapes >= 350
        assert len(preset.seeds) >= 3
        assert preset.steps == preset.first_steps + preset.gan_steps
    main = of.presets["record-cpu"]()
    assert (main.train_shapes, main.test_shapes, len(main.seeds)) == (1442, 355, 5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"models": ("PointFlow",)}, "models must be some of ShapeGF"),
        ({"data": "families"}, "families must be named"),
        ({"train_shapes": 11}, "train_shapes must be at least test_shapes"),
        ({"drawn": 33}, "drawn must be at most pool"),
        ({"emd_points": 17}, "emd_points at most n_points"),
        ({"twins": 1.0}, "twins must be a share"),
        ({"candidates": 25}, "candidates must be from test_shapes to train_shapes, 12 to 24, received 25"),
        ({"looks": 0}, "looks must be from 1"),
    ],
)
def test_bad_settings_are_refused(changes, message, settings):
    with pytest.raises(ValueError, match=message):
        replace(settings, **changes)


def test_no_two_parts_of_the_data_share_a_point():
    s = field.tiny()
    found = sets(s)
    assert found.pool.shape == (s.train_shapes, s.pool, 2)
    assert found.train.shape == (s.train_shapes, 2, s.n_points, 2)
    assert found.test.shape == (s.test_shapes, 2, s.n_points, 2)
    for clouds in (found.train, found.test):
        extent = clouds.amax(2) - clouds.amin(2)
        torch.testing.assert_close(extent.amax(-1), torch.full(clouds.shape[:2], 2.0))
        one, other = clouds.unbind(1)
        assert torch.cdist(one, other).amin() > 0
        # Two draws of a shape are nearer to each other than to a draw of the next shape, as a rule.
        assert chamfer(one, other).median() < chamfer(one, other.roll(1, 0)).median()


def test_families_come_in_turn_and_test_shapes_are_others():
    s = replace(
        field.tiny(),
        data="families",
        families=("chair", "mug"),
        train_shapes=4,
        test_shapes=3,
        curve_shapes=3,
        candidates=3,
    )
    found = sets(s)
    assert found.pool.shape == (4, s.pool, 3)
    assert "chair, mug" in found.name
    assert not torch.isin(found.test, found.train).all(-1).any()


def test_an_unknown_wish_for_digits_is_refused():
    with pytest.raises(ValueError, match="there are 355 digits in the split 'test'"):
        sets(replace(field.tiny(), test_shapes=400, train_shapes=400, candidates=400))


def test_the_first_stage_stands_still_in_the_second(settings):
    method = build.method(settings, Run((OURS,), 0), CPU)
    data = field.EXPERIMENT.training(settings, CPU)
    kept = {}

    def look(step):
        kept[step] = {name: [p.clone() for p in m.parameters()] for name, m in method.modules.items()}

    steps = (0, settings.first_steps, settings.steps)
    fit(method, data, batch_size=8, steps=settings.steps, look=look, look_at=steps, progress=False)
    start, between, end = (kept[step] for step in steps)

    def moved(name, before, after):
        return any(not torch.equal(a, b) for a, b in zip(before[name], after[name], strict=True))

    for name in ("decoder", "encoder"):
        assert moved(name, start, between)
        assert not moved(name, between, end)
    for name in ("generator", "critic"):
        assert not moved(name, start, between)
        assert moved(name, between, end)
    codes = method.modules["codes"]
    torch.testing.assert_close(codes.values.mean(0), torch.zeros(4), atol=1e-4, rtol=0)
    rows = torch.arange(3)
    with torch.no_grad():
        clouds = sets(settings).pool[:3, : settings.drawn]
        expected = method.modules["encoder"].eval()(clouds)
    torch.testing.assert_close(codes.restore(codes(rows)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("model", [OURS, LGAN])
def test_a_run_stopped_in_either_stage_goes_on(model, settings, tmp_path):
    def trained(folder, *ends):
        for steps in ends:
            method = build.method(settings, Run((model,), 0), CPU)
            data = field.EXPERIMENT.training(settings, CPU)
            fit(method, data, batch_size=8, steps=steps, seed=0, folder=folder, progress=False)
        return method.modules

    whole = trained(None, settings.steps)
    for stop in (2, settings.first_steps, settings.first_steps + 2):
        parts = trained(tmp_path / str(stop), stop, settings.steps)
        for name, module in whole.items():
            for a, b in zip(module.state_dict().values(), parts[name].state_dict().values(), strict=True):
                assert torch.equal(a, b), (stop, name)


@pytest.mark.slow  # a whole experiment
def test_every_run_has_every_score(result, settings):
    _, found = result
    wanted = [tuple(run) for run in runs_of(replace(settings, seeds=(0,)))]
    assert [(row.configuration, row.seed) for row in found.rows] == wanted
    names = {f"{s}-{d}{t}" for s in SCORES for d in DISTANCES for t in ("", THINNED)}
    for row in found.rows:
        assert set(row.metrics) == names | {"near-duplicates", "near-duplicates of references"}
        assert all(np.isfinite(value) for value in row.metrics.values())
        assert all(0 <= v <= 1 for name, v in row.metrics.items() if not name.startswith("MMD"))
    assert {*found.previews} == {"truth"} | {m + t for m in MODELS for t in ("", "/steps")}
    assert found.previews[OURS].shape == (settings.shown, settings.n_points, 2)


@pytest.mark.slow  # a whole experiment
def test_models_give_other_samples(result):
    _, found = result
    # The first of the set with twins are those of the set without.
    firsts = {found.previews[model].tobytes() for model in MODELS if model != TWINS}
    assert len(firsts) == len(MODELS) - 1


@pytest.mark.slow  # a whole experiment
@pytest.mark.parametrize("model", LEARNT)
def test_samples_are_the_same_again_and_not_alike(model, result, settings):
    folder, _ = result
    run = Run((model,), 0)
    method = build.method(settings, run, CPU)
    load_final_weights(run.folder(folder), method.modules)
    samples = evaluate.draw(settings, method.modules, 6)
    assert torch.equal(samples, evaluate.draw(settings, method.modules, 6))
    assert samples.shape == (6, settings.n_points, 2)
    torch.testing.assert_close((samples.amax(1) - samples.amin(1)).amax(-1), torch.full((6,), 2.0))
    assert torch.cdist(samples[:1], samples[1:]).amax(-1).amin() > 0
    assert all(module.training for module in method.modules.values())


def test_the_networks_of_a_seed_are_the_same_in_gan_and_vae(settings):
    one, other = (build.method(settings, Run((OURS,), seed), CPU).modules["decoder"] for seed in (0, 1))
    again = build.method(settings, Run((OURS,), 0), CPU).modules["decoder"]
    weights = [next(iter(m.parameters())) for m in (one, other, again)]
    assert torch.equal(weights[0], weights[2])
    assert not torch.equal(weights[0], weights[1])
    assert {*build.method(settings, Run((VAE,), 0), CPU).modules} == {"encoder", "decoder"}
    assert {*build.method(settings, Run((RGAN,), 0), CPU).modules} == {"generator", "critic"}


def grid(*places):
    """Clouds of one point each."""
    return torch.tensor(places, dtype=torch.float32).reshape(-1, 1, 1)


def test_scores_of_sets_that_one_knows():
    s = replace(field.tiny(), n_points=16)
    real, made = grid(0.0, 1.0, 2.0, 3.0), grid(0.1, 1.1, 2.1, 3.1)
    found = evaluate.scores(evaluate.matrices(s, made, real, "CD"))
    assert found == pytest.approx({"MMD": 2 * 0.01, "COV": 1.0, "1-NNA": 0.0}, rel=1e-4)
    far = evaluate.scores(evaluate.matrices(s, real + 100, real, "CD"))
    assert (far["COV"], far["1-NNA"]) == (0.25, 1.0)


def test_distances_within_the_references_are_those_of_their_run():
    s = field.tiny()
    for twins, kind in ((False, TRAIN), (True, TWINS)):
        truth = evaluate.references(s, {"known": KnownShapes(s, kind, 0)})
        for distance in DISTANCES:
            again = evaluate.matrices(s, truth, truth, distance).references
            assert torch.equal(evaluate.within_references(s, twins, distance, CPU), again)
    plain, doubled = (evaluate.within_references(s, twins, "CD", CPU) for twins in (False, True))
    assert not torch.equal(plain, doubled)


def test_the_distances_of_many_small_pairs_are_those_of_the_library():
    one, other = sets(field.tiny()).test.unbind(1)
    torch.testing.assert_close(evaluate.small_chamfer(one, other), chamfer(one, other), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(evaluate.exact_emd(one, other), emd(one, other).value)


def test_the_released_emd_is_of_all_points_and_too_large():
    s = replace(field.tiny(), emd_points=field.tiny().n_points)
    made, real = sets(s).train[:3, 0], sets(s).test[:4, 0]
    exact = evaluate.matrices(s, made, real, "EMD")
    released = evaluate.matrices(replace(s, emd="approximate"), made, real, "EMD")
    assert exact.cross.shape == released.cross.shape == (3, 4)
    assert (released.cross > 0.999 * exact.cross).all()
    assert (released.cross < 1.5 * exact.cross).all()
    few = evaluate.matrices(replace(s, emd_points=4), made, real, "EMD")
    assert not torch.allclose(few.cross, exact.cross)


def test_twins_are_found_and_left_out():
    s = field.tiny()
    real, made = grid(0.0, 0.01, 5.0, 9.0), grid(0.2, 5.2, 5.21, 9.2)
    of = evaluate.matrices(s, made, real, "CD")
    assert evaluate.scores(of)["1-NNA"] == pytest.approx(0.5)
    kept = [evaluate.apart_from_each_other(m, 0.01) for m in (of.samples, of.references)]
    assert [rows.tolist() for rows in kept] == [[0, 1, 3], [0, 2, 3]]
    assert evaluate.scores(of.of(*kept))["1-NNA"] == 0.0


def test_sets_with_twins():
    pairs = torch.arange(20.0).reshape(10, 2, 1, 1)
    found = with_twins(pairs, 0.4).flatten().tolist()
    assert found == [*range(0, 16, 2), 1.0, 3.0]


def test_near_is_what_95_of_100_pairs_of_draws_are_within(settings):
    one, other = sets(settings).test.unbind(1)
    share = (chamfer(one, other) < evaluate.near(settings)).float().mean().item()
    assert share == pytest.approx(0.95, abs=0.06)


@pytest.mark.parametrize("kind", KNOWN)
def test_known_shapes_are_training_shapes(kind, settings):
    known, other = KnownShapes(settings, kind, 0), KnownShapes(settings, kind, 1)
    rows = known.rows.tolist()
    assert len(set(rows)) == settings.test_shapes
    assert rows != other.rows.tolist()
    clouds = known.draw(settings.test_shapes)
    plain = sets(settings).train[known.rows]
    if kind == TWINS:
        twins = round(settings.twins * settings.test_shapes / 2)
        assert torch.equal(clouds[-twins:], plain[:twins, 1])
        assert torch.equal(clouds[:-twins], plain[: settings.test_shapes - twins, 0])
    else:
        assert kind in (TRAIN, MATCHED)
        assert torch.equal(clouds, plain[:, 0])
    truth = evaluate.references(settings, {"known": known})
    assert torch.equal(truth, sets(settings).test[:, 0]) == (kind != TWINS)


def test_each_reference_gets_another_shape_that_is_near():
    generator = torch.Generator().manual_seed(0)
    middles = torch.tensor([[-0.7, -0.7], [0.7, 0.7], [0.7, -0.7]])
    clouds = (middles[:, None, None] + 0.1 * torch.randn(3, 8, 40, 2, generator=generator)).flatten(0, 1)
    truth = middles[[2, 0, 2, 1], None] + 0.1 * torch.randn(4, 30, 2, generator=generator)
    rows = matched(clouds, truth)
    assert (rows // 8).tolist() == [2, 0, 2, 1]
    assert len(set(rows.tolist())) == 4
    assert matched(truth, truth).tolist() == [0, 1, 2, 3]
