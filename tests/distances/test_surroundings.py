"""What matching and transport leave as they found it: output, warnings, gradients, the default device."""

import sys
import threading
import warnings

import pytest
import torch

from pcl_lib.distances import _network_simplex as network_simplex
from pcl_lib.distances import auction, em_kd, emd, sinkhorn, transport_plan
from pcl_lib.metrics import approximate_emd, pairwise
from tests.distances.reference import U

CALLS = {
    "transport_plan": lambda x, y: transport_plan(x, y).value,
    "sinkhorn": lambda x, y: sinkhorn(x, y, blur=0.05),
    "auction": lambda x, y: auction(x, y).value,
    "auction with eps": lambda x, y: auction(x, y, eps=0.1).value,
    "released auction": lambda x, y: auction(x, y, eps=0.01, max_rounds=3, leftovers="released").value,
    "emd": lambda x, y: emd(x, y).value,
    "em_kd": lambda x, y: em_kd(x, y, leaf_size=8, leaves="auction").value,
    "approximate_emd": approximate_emd,
}


def clouds(n=40):
    return torch.stack([torch.from_numpy(U(n, k)) for k in range(4)]), torch.from_numpy(U(n, 5)).expand(
        4, -1, -1
    )


@pytest.mark.parametrize("name", CALLS)
def test_output_and_warnings_from_many_threads(name, capsys):
    x, y = clouds()
    stdout, stderr, filters = sys.stdout, sys.stderr, list(warnings.filters)
    threads = [threading.Thread(target=CALLS[name], args=(x, y)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sys.stdout is stdout
    assert sys.stderr is stderr
    assert warnings.filters == filters
    print("arrives")
    assert capsys.readouterr().out == "arrives\n"


@pytest.mark.slow
def test_output_after_the_first_call_of_a_process():
    # The import of POT, by the threads of a batch, in a process that has not seen it.
    import subprocess

    code = """if True:
        import sys, torch, warnings
        from pcl_lib.distances import sinkhorn, transport_plan
        from pcl_lib.metrics import pairwise
        stdout, filters = sys.stdout, list(warnings.filters)
        x = torch.rand(3, 20, 3)
        transport_plan(x, x.flip(0))
        pairwise(x, x, distance=lambda a, b: sinkhorn(a, b, blur=0.1))
        assert sys.stdout is stdout
        print("arrives")
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "arrives\n"


def test_pairwise_and_sinkhorn():
    x, _ = clouds(15)
    stdout = sys.stdout
    table = pairwise(x, x, distance=lambda a, b: sinkhorn(a, b, blur=0.1))
    assert sys.stdout is stdout
    assert table.diagonal().abs().max() < 1e-9


@pytest.mark.parametrize("keep", [0, 4096])
@pytest.mark.parametrize("name", CALLS)
def test_another_default_device(name, keep, monkeypatch):
    # As with rows that are computed when needed, without KeOps.
    monkeypatch.setattr("pcl_lib.distances._auction_rounds.KEEP", keep)
    monkeypatch.setattr("pcl_lib.neighbors._keops.available", lambda _: False)
    x, y = clouds()
    expected = CALLS[name](x, y)
    # Stands for "cuda".
    with torch.device("meta"):
        found = CALLS[name](x, y)
    assert torch.equal(found, expected)


def test_a_first_import_where_warnings_are_errors(monkeypatch, tmp_path):
    # POT has a "\d" in its source, of which Python warns where it compiles it.
    (tmp_path / "written_carelessly.py").write_text('PATTERN = "\\d"\n')
    monkeypatch.syspath_prepend(tmp_path)
    quietly = network_simplex.import_quietly
    monkeypatch.setattr(network_simplex, "import_quietly", lambda _: quietly("written_carelessly"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        filters = list(warnings.filters)
        assert network_simplex.load_solver().PATTERN == "\\d"
        assert warnings.filters == filters
