"""The experiments of D-PCC from their settings to their results."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pcl_lib.codec import compress_cloud
from pcl_lib.data import synthetic
from pcl_lib.experiments.compression import ablation, build, data, evaluate, files, rate_distortion, whole
from pcl_lib.experiments.compression.settings import (
    BPP,
    CD,
    COUNT_ERROR,
    D1,
    D2,
    DENSITY,
    DPCC,
    ESTIMATED,
    FULL,
    NO_POSITION,
    OCTREE,
    SMALL,
    VARIANTS,
)
from pcl_lib.experiments.runner import training
from pcl_lib.experiments.runner.experiment import Run, runs_of
from pcl_lib.losses import bits_per_point
from pcl_lib.trainers import fit

CPU = torch.device("cpu")
TINY = rate_distortion.tiny()
VARIED = ablation.tiny()
MUG = synthetic.sample("mug", 700, seed=0).points


def network(configuration=(DPCC, "1e-4"), seed=0, settings=TINY):
    return build.method(settings, Run(configuration, seed), CPU).modules["model"]


@pytest.fixture(scope="module")
def model():
    return files.as_model(build.ready(network()))


def test_patches_have_the_sizes_and_the_sets_that_settings_name():
    patches = data.trained_on(TINY)
    assert len(patches) == TINY.patches * len(TINY.sets)
    assert all(TINY.fewest <= len(patch) <= TINY.most for patch in patches)
    assert all(patch.abs().max() <= 1 for patch in patches)
    assert len(data.held_out(TINY)) == TINY.held * len(TINY.sets)


def test_no_shape_is_trained_on_and_measured():
    """Seeds of shapes are counted up from these, and no preset has as many as lie between."""
    first = sorted((data.TRAINED_ON, data.HELD_OUT, data.TESTED))
    most = max(
        preset().shapes
        for module in (ablation, rate_distortion)
        for preset in module.EXPERIMENT.presets.values()
    )
    assert min(np.diff(first)) > most
    held = {tuple(patch[0].tolist()) for patch in data.held_out(TINY)}
    assert not held & {tuple(patch[0].tolist()) for patch in data.trained_on(TINY)}


def test_too_few_patches_are_refused():
    with pytest.raises(
        ValueError, match="shapes must be enough for 9999 patches of families, received 1, which"
    ):
        data.patches_of(TINY, "families", 0, 1, 9999)


def test_whole_clouds_are_uneven_and_in_one_frame():
    clouds = data.whole_clouds(TINY)
    assert [each.set for each in clouds] == ["families"] * 2
    for each in clouds:
        assert float((each.points.amax(0) - each.points.amin(0)).max()) == pytest.approx(2)
        assert torch.allclose(each.normals.norm(dim=1), torch.ones(len(each.points)), atol=1e-4)
    half = clouds[0].points
    axis = int((half.amax(0) - half.amin(0)).argmax())
    along = half[:, axis] > (half[:, axis].amin() + half[:, axis].amax()) / 2
    share = float(along.float().mean())
    assert min(share, 1 - share) < 0.25, "one half keeps a tenth of its points"


@pytest.mark.slow
def test_streets_are_scans_with_the_normals_of_what_was_hit():
    settings = replace(TINY, sets=("streets",), tested=1)
    (cloud,) = data.whole_clouds(settings)
    assert cloud.set == "streets"
    up = cloud.normals[:, 2] > 0.999
    road = cloud.points[up & (cloud.points[:, 2] < cloud.points[:, 2].quantile(0.5))]
    assert len(road) > 0.2 * len(cloud.points)
    assert float(road[:, 2].std()) < 0.01 < float(cloud.points[:, 2].std()), "the road is flat"
    (patch, *_) = data.patches_of(settings, "streets", 0, 1, 1)
    assert settings.fewest <= len(patch) <= settings.most


def test_normals_stay_with_their_points():
    """Of a thinned cloud the rows of points and normals are the same."""
    cloud = synthetic.sample("vase", 400, seed=3)
    rows = data._uneven_rows(cloud.points, "half", 0, 150)
    assert len(rows) == 150
    assert len(rows.unique()) == 150
    assert torch.equal(rows, rows.sort().values)


def test_a_seed_gives_all_rates_the_same_weights():
    one, two, other = network(), network((DPCC, "1e-2")), network(seed=1)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert not torch.equal(one.start.first.weight, other.start.first.weight)
    full, without = (network((variant,), settings=VARIED) for variant in (FULL, NO_POSITION))
    assert len(list(without.parameters())) < len(list(full.parameters()))


def test_what_is_measured_rounds_and_what_is_trained_does_not():
    trained = network()
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    found = build.ready(trained)
    assert trained.training
    assert not found.training
    assert all(torch.equal(before[name], value) for name, value in trained.state_dict().items())
    assert found.auxiliary().item() < 0.1 * trained.auxiliary().item()


def test_a_perfect_copy_has_no_error_and_half_the_points_half_the_density():
    same = evaluate.scores(MUG, MUG, neighbours=12, bpp=1.0)
    assert same[CD] == same[COUNT_ERROR] == 0
    assert same[DENSITY] < 1e-6
    half = evaluate.scores(MUG, MUG[::2], neighbours=12, bpp=1.0)
    assert half[COUNT_ERROR] == 0.5
    # 1/2 against the truth, and about 1 from the truth to the half: |c - 2c| / c.
    assert 1.0 < half[DENSITY] < 2.0


def test_bytes_are_those_of_the_file_and_all_of_them(tmp_path, model):
    info = compress_cloud(MUG, tmp_path / "mug.pclc", codec="octree", bits=5)
    found = files.through_a_file(MUG, "octree", bits=5)
    assert found.bytes == info.bytes == (tmp_path / "mug.pclc").stat().st_size
    assert len(found.points) == info.points
    learnt = files.through_a_file(MUG, "dpcc", bits=8, patch=800, model=model)
    assert learnt.bytes > learnt.bits / 8 > 0


def test_the_estimate_is_of_what_the_codec_codes(model):
    """One cube, its latent taken by hand."""
    low, side = MUG.double().amin(0), float((MUG.amax(0) - MUG.amin(0)).max())
    local = (MUG.double() - low) / (side / 2) - 1
    output = model.network(local)
    by_hand = float(bits_per_point(*output.likelihoods, points=1))
    found = files.through_a_file(MUG, "dpcc", bits=8, patch=800, model=model)
    assert found.small == 0
    assert found.bits == pytest.approx(by_hand, rel=1e-6)
    assert "symbols" not in vars(model.network.bottleneck), "the network is as it was"


def test_only_the_error_along_normals_is_in_d2():
    cloud = data.whole_clouds(TINY)[0]
    told, points = whole.of_cloud(TINY, cloud, OCTREE, bits=5)
    assert told[D2] > told[D1] > 0
    assert told[BPP] == 8 * files.through_a_file(cloud.points, "octree", bits=5).bytes / len(cloud.points)
    finer, _ = whole.of_cloud(TINY, cloud, OCTREE, bits=7)
    assert finer[D1] - told[D1] == pytest.approx(12, abs=1), "6 dB for each bit"
    assert told[COUNT_ERROR] == pytest.approx(1 - len(points) / len(cloud.points))


@pytest.mark.parametrize("settings", [TINY, VARIED])
def test_gradients_are_clipped_as_the_settings_say(settings, monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(training, "fit", lambda *_, **options: seen.append(options["clip"]) or 1 / 0)
    module = rate_distortion if settings is TINY else ablation
    with pytest.raises(ZeroDivisionError):
        module.run(replace(settings, clip=0.25), folder=tmp_path, device="cpu", progress=False)
    assert seen == [0.25]


@pytest.mark.slow
def test_rate_and_distortion_has_every_run_and_repeats():
    one, other = (rate_distortion.run(TINY, device="cpu", progress=False) for _ in "ab")
    assert [(row.configuration, row.seed) for row in one.rows] == [tuple(run) for run in runs_of(TINY)]
    for row, again in zip(one.rows, other.rows, strict=True):
        codec, setting = row.configuration
        assert row.metrics == again.metrics
        names = {f"{each}, {name}" for each in whole.measures_of(codec) for name in TINY.sets}
        assert row.metrics.keys() == names
        for name in TINY.sets:
            mine = one.previews["sets"] == name
            each = one.previews[f"{codec}/{setting}/{BPP}"][row.seed, mine]
            assert each.mean() == pytest.approx(row.metrics[f"{BPP}, {name}"], rel=1e-5)
        if codec != DPCC:
            assert one.values(f"{D2}, families", codec, setting)[0] == row.metrics[f"{D2}, families"]
    assert one.values(f"{D2}, families", DPCC, "1e-4")[0] != one.values(f"{D2}, families", DPCC, "1e-4")[1]
    assert {ESTIMATED, SMALL} <= set(whole.measures_of(DPCC)) - set(whole.measures_of(OCTREE))
    assert one.previews[f"{DPCC}/1e-2/shown families"].shape == (64, 3)
    assert one.previews["truth/shown families"].shape == (64, 3)
    assert one.previews[f"{DPCC}/1e-4/steps"].shape == (2, 2, 4)
    assert one.curves[OCTREE, "3 bits"].shape == (2, 2)
    assert np.ptp(one.curves[OCTREE, "3 bits"]) == 0


@pytest.mark.slow
def test_every_variant_is_another_training():
    def trained(variant):
        task = build.method(VARIED, Run((variant,), 0), CPU)
        fit(task, data.trained_on(VARIED), batch_size=1, steps=2, progress=False)
        return tuple(task.modules["model"].decoder.layers[-1].count.second.weight.flatten().tolist())

    found = {variant: trained(variant) for variant in VARIANTS}
    assert len(set(found.values())) == len(VARIANTS), found.keys()
    assert trained(FULL) == found[FULL]


@pytest.mark.slow
def test_the_ablation_has_every_run_and_the_scores_of_each_patch():
    settings = replace(VARIED, variants=(FULL, NO_POSITION))
    result = ablation.run(settings, device="cpu", progress=False)
    assert [(row.configuration, row.seed) for row in result.rows] == [tuple(run) for run in runs_of(settings)]
    assert all(row.metrics.keys() == set(evaluate.OF_PATCH) for row in result.rows)
    for variant in settings.variants:
        each = result.previews[f"{variant}/{DENSITY}"]
        assert each.shape == (2, len(result.previews["sets"])) == (2, 2)
        assert each.mean(1) == pytest.approx(list(result.values(DENSITY, variant).values()), rel=1e-4)
