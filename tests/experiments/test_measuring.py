"""What the experiments measure, held against code of the tests' own: evaluation, costs, schedules, a rerun."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from pcl_lib.experiments import rerun as reruns
from pcl_lib.experiments.__main__ import main
from pcl_lib.experiments.autoencoder.data import shapes
from pcl_lib.experiments.autoencoder.distances import EXPERIMENT, run, tiny
from pcl_lib.experiments.autoencoder.evaluate import reconstruct
from pcl_lib.experiments.completion import losses as completion_losses
from pcl_lib.experiments.completion import networks as completion_networks
from pcl_lib.experiments.completion.build import build, objective
from pcl_lib.experiments.completion.data import load_pairs
from pcl_lib.experiments.completion.evaluate import complete
from pcl_lib.experiments.record import write_record
from pcl_lib.experiments.runner import timing
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.experiments.runner.provenance import source_of
from pcl_lib.experiments.runner.training import RESULT, load_final_weights
from pcl_lib.trainers import checkpoints, load_checkpoint


class Noisy(nn.Module):
    """A network whose output tells evaluation from training."""

    def __init__(self, stages):
        super().__init__()
        self.norm, self.drop, self.stages = nn.BatchNorm1d(3), nn.Dropout(0.5), stages

    def forward(self, x):
        made = self.drop(self.norm(x.mT).mT)
        return (made[:, :2], made) if self.stages else made


@pytest.mark.parametrize(("measured", "stages"), [(reconstruct, False), (complete, True)])
def test_networks_are_measured_in_evaluation_one_cloud_at_a_time(measured, stages):
    network, clouds = Noisy(stages), torch.rand(70, 5, 3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = measured(network, clouds)
    # In evaluation, with the statistics that it begins with, the normalisation divides by the root of 1 + 1e-5.
    assert torch.allclose(found, clouds / (1 + 1e-5) ** 0.5)
    assert network.training
    assert not found.requires_grad
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


@pytest.mark.parametrize("taken", ["look", "measure"])
@pytest.mark.parametrize(
    ("of", "settings", "network"),
    [
        (EXPERIMENT, replace(tiny(), curve_measure="CD", curve_shapes=2), "Folding"),
        (completion_losses.EXPERIMENT, completion_losses.tiny(), "PCN"),
        (completion_networks.EXPERIMENT, completion_networks.tiny(), "Folding"),
    ],
    ids=["autoencoder", "views and crops", "with scans"],
)
def test_whatever_is_measured_is_measured_in_evaluation(of, settings, network, taken):
    """The curves too: each pass through the network, whichever function of the experiment makes it."""
    modules = of.method(settings, Run((network, settings.losses[0]), 0), torch.device("cpu")).modules
    modes = []
    modules["model"].register_forward_hook(lambda m, *_: modes.append((m.training, torch.is_grad_enabled())))
    getattr(of, taken)(settings, modules)
    assert set(modes) == {(False, False)}
    assert modules["model"].training


def nearest(x, y):
    d = torch.cdist(x.double(), y.double(), compute_mode="donot_use_mm_for_euclid_dist")
    return d.amin(2), d.amin(1)


def test_a_look_is_the_measure_of_its_shapes_in_plain_torch():
    settings = replace(tiny(), curve_measure="CD", curve_shapes=2)
    model = EXPERIMENT.method(settings, Run(("AE", "CD"), 0), torch.device("cpu")).modules["model"]
    truth = shapes(settings).test
    made = reconstruct(model, truth)
    forward, backward = nearest(made[:2], truth[:2])
    found = EXPERIMENT.look(settings, {"model": model})
    assert found["value"] == pytest.approx(
        float((forward**2).mean(1).add((backward**2).mean(1)).mean()), rel=1e-5
    )
    np.testing.assert_allclose(found["made"], made[0].detach(), atol=2e-3)

    settings = completion_losses.tiny()
    model, views = build(settings, "PCN", 0), load_pairs(settings).views
    made = complete(model, views.partial)
    chosen = [len(made) * k // settings.curve_shapes for k in range(settings.curve_shapes)]
    forward, backward = nearest(made[chosen], views.complete[chosen])
    found = completion_losses.EXPERIMENT.look(settings, {"model": model})
    assert found["value"] == pytest.approx(500 * float((forward.mean(1) + backward.mean(1)).mean()), rel=1e-5)
    np.testing.assert_allclose(found["made"], made[0].detach(), atol=2e-3)


def test_scans_are_measured_in_squares_times_a_thousand():
    settings = completion_networks.tiny()
    model, data = build(settings, "PCN", 0), load_pairs(settings)
    made = complete(model, data.scans)
    there, _ = nearest(data.scans, made)
    both = [nearest(one.expand_as(data.cars), data.cars) for one in made]
    best = [(forward.square().mean(1) + backward.square().mean(1)).min() for forward, backward in both]
    found = completion_networks.EXPERIMENT.measure(settings, {"model": model}).metrics
    assert found["Fidelity"] == pytest.approx(1000 * float(there.square().mean()), rel=1e-4)
    assert found["MMD"] == pytest.approx(1000 * float(torch.stack(best).mean()), rel=1e-4)


def test_a_network_that_fails_is_in_training_mode_again():
    network = Noisy(stages=False)
    with pytest.raises(RuntimeError):
        reconstruct(network, torch.rand(2, 5, 4))
    assert network.training


@pytest.mark.parametrize("network", ["Folding", "PCN"])
def test_metrics_of_a_shape_do_not_depend_on_its_company(network):
    settings = completion_losses.tiny()
    model = build(settings, network, 0)
    partial = load_pairs(settings).views.partial
    together, alone = complete(model, partial), torch.cat([complete(model, one[None]) for one in partial])
    assert torch.allclose(together, alone, atol=1e-5)


def test_the_fine_stage_of_pcn_weighs_more_as_training_goes_on():
    settings = replace(completion_losses.tiny(), steps=1000, looks=2)
    coarse, fine, truth = (
        torch.rand(2, n, 3, generator=torch.Generator().manual_seed(n)) for n in (4, 16, 17)
    )

    def value(step):
        return objective(settings, "PCN", "CD")((coarse, fine), truth, truth, step).double()

    def chamfer(x, y):
        d = torch.cdist(x.double(), y.double(), compute_mode="donot_use_mm_for_euclid_dist")
        return d.amin(2).mean(1) + d.amin(1).mean(1)

    # PCN's schedule: 0.01, then 0.1, 0.5 and 1 from a fifth, two fifths and a half of the steps on.
    weights = [
        ((value(step) - chamfer(coarse, truth)) / chamfer(fine, truth)).mean().item()
        for step in range(0, 1000, 50)
    ]
    assert weights == sorted(weights)
    assert weights[0] == pytest.approx(0.01, abs=1e-4)
    assert weights[-1] == pytest.approx(1.0, abs=1e-4)
    assert len({round(weight, 3) for weight in weights}) >= 3


def test_costs_are_of_trained_networks_each_its_own(tmp_path):
    settings = replace(tiny(), networks=("AE",), losses=("CD", "EMD"), seeds=(0,))
    home = tmp_path / "a folder" / "that is made"
    run(settings, folder=home, device="cpu", progress=False)
    seen = {}

    class Spy:
        def __init__(self, method, configuration):
            self.method, self.configuration = method, configuration
            self.modules, self.optimizers = method.modules, method.optimizers

        def step(self, batch, index, engine):
            state = {name: value.clone() for name, value in self.modules["model"].state_dict().items()}
            seen.setdefault(self.configuration, state)
            return self.method.step(batch, index, engine)

    def method(settings, run, device):
        return Spy(EXPERIMENT.method(settings, run, device), run.configuration)

    (home / "costs.json").unlink()
    times = timing.step_times(replace(EXPERIMENT, method=method), settings, home, torch.device("cpu"))
    assert set(times) == {Run(("AE", "CD"), 0), Run(("AE", "EMD"), 0)}
    for configuration, state in seen.items():
        kept = load_checkpoint(checkpoints(Run(configuration, 0).folder(home))[-1])["modules"]["model"]
        assert all(torch.equal(state[name], kept[name]) for name in kept), configuration
    assert not all(torch.equal(seen["AE", "CD"][name], seen["AE", "EMD"][name]) for name in seen["AE", "CD"])


def test_weights_that_are_gone_are_missed_by_name(tmp_path):
    with pytest.raises(ValueError, match="holds no checkpoint: its run was trained elsewhere"):
        load_final_weights(tmp_path, {})


@pytest.mark.slow
def test_a_run_names_the_machine_that_trained_it(in_turn):
    _, folder, result = in_turn
    kept = np.load(Run(("AE", "CD"), 0).folder(folder) / RESULT)
    assert str(kept["device"]) == result.device
    assert [pair.split()[0] for pair in kept["versions"]] == list(result.versions)


@pytest.fixture
def recorded(in_turn, code, tmp_path):
    settings, _, result = in_turn
    source = source_of(tmp_path / "out", folder=code)
    return write_record(EXPERIMENT.name, "tiny", settings, result, source, folder=tmp_path / "records")


def test_a_run_of_a_record_trained_again_is_the_same_to_the_bit(recorded, capsys):
    found = reruns.rerun(EXPERIMENT.name, folder=recorded.parent, choice=3)
    assert found.exact
    assert found.agrees
    assert found.now == found.then
    command = ["verify", "--rerun", EXPERIMENT.name, "--seed", "3", "--records", str(recorded.parent)]
    assert main(command) == 0
    assert f"{found.run}, compared bit for bit: agrees" in capsys.readouterr().out


@pytest.mark.slow
def test_a_run_that_comes_out_otherwise_is_found(recorded, monkeypatch):
    changed = replace(EXPERIMENT, measure=lambda *of: _off(EXPERIMENT.measure(*of)))
    monkeypatch.setattr(reruns, "experiment", lambda _: changed)
    found = reruns.rerun(EXPERIMENT.name, folder=recorded.parent, choice=3)
    assert not found.agrees
    assert "DIFFERS" in str(found)


@pytest.mark.slow
def test_elsewhere_a_rerun_has_the_room_of_the_seeds(recorded, monkeypatch):
    monkeypatch.setattr(reruns, "device_name", lambda _: "another")
    found = reruns.rerun(EXPERIMENT.name, folder=recorded.parent, choice=3)
    assert not found.exact
    assert found.agrees
    assert all(allowed > 0 for allowed in found.allowed.values())
    assert "within the spread of the seeds" in str(found)


def _off(measured):
    return measured._replace(metrics={**measured.metrics, "EMD": 1.0001 * measured.metrics["EMD"]})
