"""Records of the experiments on completion."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pcl_lib.experiments.completion import evaluate
from pcl_lib.experiments.completion import losses as completion_losses
from pcl_lib.experiments.completion import networks as completion_networks
from pcl_lib.experiments.record import LARGEST, read_record, verify, write_record
from pcl_lib.experiments.runner.experiment import runs_of
from pcl_lib.experiments.runner.npz import pack_arrays
from pcl_lib.experiments.runner.provenance import source_of


@pytest.mark.slow
@pytest.mark.parametrize("name", ["completion-losses", "completion-networks"])
def test_completion_is_recorded_and_verified(name, code, tmp_path, request):
    settings, _, result = request.getfixturevalue(f"{name.removeprefix('completion-')}_in_turn")
    source = source_of(tmp_path / "out", folder=code)
    path = write_record(name, "tiny", settings, result, source, folder=tmp_path)
    verify(path)
    record = read_record(name, tmp_path)
    assert record.result.rows == result.rows
    assert record.result.table("CD-L1") == result.table("CD-L1")
    assert record.result.previews.keys() == result.previews.keys()
    lacking = replace(result, rows=result.rows[1:])
    with pytest.raises(ValueError, match="lacks the runs"):
        write_record(name, "tiny", settings, lacking, source, folder=tmp_path / "other")


@pytest.mark.parametrize("module", [completion_losses, completion_networks])
def test_previews_of_a_recorded_run_fit_into_a_record(module, monkeypatch):
    settings = module.record_cpu()
    draws = np.random.default_rng(0)

    def cloud(k, n):
        return draws.uniform(-1, 1, (k, n, 3)).astype(np.float16)

    held_out = type("Views", (), {})()
    held_out.partial, held_out.complete = (
        torch.rand(settings.test_shapes, n, 3) for n in (settings.n_partial, settings.n_points)
    )
    scans = torch.rand(settings.scans if "car" in settings.families else 0, settings.n_partial, 3)
    data = type("Data", (), {"views": held_out, "scans": scans})()
    monkeypatch.setattr(evaluate, "load_pairs", lambda _: data)
    found = {
        run: {
            "shown": cloud(settings.shown, settings.n_points),
            "steps": cloud(settings.looks, settings.n_points),
            "distances": draws.random(1001).astype(np.float16),
        }
        | ({"lidar": cloud(settings.shown, settings.n_points)} if len(scans) else {})
        for run in runs_of(settings)
    }
    assert len(pack_arrays(evaluate.previews(settings, found))) <= LARGEST
