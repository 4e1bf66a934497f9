"""Triton: the kernels compile for a GPU without one, and on a GPU agree with plain torch."""

import importlib.util
import warnings

import pytest
import torch

from pcl_lib.distances import chamfer
from pcl_lib.neighbors import _dense as dense
from pcl_lib.neighbors import farthest_points, knn, nearest, nearest_each_way
from pcl_lib.neighbors.building_blocks import triton
from tests.unavailable import unavailable

SIZES = {
    "nearest_kernel": {"clouds": "i32", "n": "i32", "m": "i32", "part": "i32"},
    "farthest_kernel": {"n": "i32", "m": "i32"},
    "farthest_kernel_in_memory": {"n": "i32", "m": "i32"},
}
POINTERS = {"x_ptr": "*fp32", "y_ptr": "*fp32", "gap_ptr": "*fp32", "index_ptr": "*i64", "least_ptr": "*fp32"}


@pytest.mark.parametrize("dim", [*(pytest.param(dim, marks=pytest.mark.slow) for dim in (1, 2)), 3])
@pytest.mark.parametrize(("name", "size"), [(name, "i32") for name in SIZES] + [("nearest_kernel", "i64")])
def test_compiles_without_a_gpu(tmp_path, monkeypatch, name, size, dim):
    """Whatever checks the types of the package (here jaxtyping's hook) must leave the kernels as they are written."""
    if importlib.util.find_spec("triton") is None:
        unavailable("Triton is not installed")
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    from triton import compile as compiled
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from pcl_lib.neighbors import _triton_kernels as kernels

    kernel = getattr(kernels, name)
    fixed = {"D": dim, "WIDTH": 64} | ({"KEEP": True} if name == "nearest_kernel" else {})
    types = POINTERS | dict.fromkeys(SIZES[name], size) | dict.fromkeys(fixed, "constexpr")
    source = ASTSource(kernel, {key: types[key] for key in kernel.arg_names}, fixed)
    made = compiled(
        source, target=GPUTarget("cuda", 90, 32), options={"num_warps": 2, "enable_fp_fusion": False}
    )
    text = made.asm["ptx"]
    assert len(made.asm["cubin"]) > 1000
    assert ".ftz" not in text, "small numbers are not taken for zero"
    assert ("min.NaN.f32" in text) == (name == "nearest_kernel")


def gaussian(*shape, seed=0, dtype=torch.float32):
    generator = torch.Generator("cuda").manual_seed(seed)
    return torch.randn(*shape, device="cuda", generator=generator, dtype=dtype)


@pytest.fixture
def on_gpu():
    if importlib.util.find_spec("triton") is None:
        unavailable("Triton is not installed")
    triton._first_search.cache_clear()  # a pretended device may have been tried in this process
    assert triton._obstacle(torch.device("cuda", 0)) is None, "Triton must run where it is installed"


@pytest.mark.gpu
def test_auto_takes_it(on_gpu):
    x = gaussian(9, 3)
    assert nearest(x, x).backend == "triton"
    assert knn(x, x, 1).backend == "triton"
    assert knn(x, x, 2).backend == nearest(x.double(), x.double()).backend == "dense"
    assert nearest(gaussian(9, 4), gaussian(9, 4)).backend == "dense"


@pytest.mark.gpu
@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize(
    ("clouds", "n", "m"),
    [
        (1, 1, 1),
        (1, 7, 20_000),
        (3, 100, 33),
        (32, 2048, 2048),
        (33, 1025, 1999),
        (1, 40_000, 30_001),
        (70_000, 3, 5),
    ],
)
def test_agrees_with_dense_on_the_device(on_gpu, clouds, n, m, dim):
    x, y = gaussian(clouds, n, dim), gaussian(clouds, m, dim, seed=1)
    for a, b in ((x, y), (x + 1e3, y + 1e3)):
        ours, theirs = nearest(a, b, backend="triton"), nearest(a, b, backend="dense")
        torch.testing.assert_close(ours.sq_dist, theirs.sq_dist, rtol=1e-6, atol=0)
        # Two nearly equal distances may be rounded to either order.
        assert (ours.index == theirs.index).double().mean() > 0.999


@pytest.mark.gpu
@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("m", [300, 3_000])
def test_of_equally_near_points_the_first_on_the_device(on_gpu, dim, m):
    x, y = ((gaussian(4, n, dim, seed=n) * 2).round() for n in (2_000, m))
    expected = dense.search(x.cpu(), y.cpu(), 1)
    assert torch.equal(triton.search(x, y, 1).cpu(), expected)
    forward, backward = triton.search_each_way(y, x)
    assert torch.equal(forward.cpu(), dense.search(y.cpu(), x.cpu(), 1))
    assert torch.equal(backward.cpu(), expected)


@pytest.mark.gpu
def test_what_is_not_finite_is_found_as_on_a_cpu(on_gpu):
    x, y = gaussian(1, 90, 3), gaussian(1, 2_000, 3, seed=1)
    x[0, 3], x[0, 4, 0] = torch.inf, torch.nan
    for first in (torch.nan, torch.inf):
        y[0, 1_400, 1] = y[0, 40, 1] = first
        assert torch.equal(triton.search(x, y, 1).cpu(), dense.search(x.cpu(), y.cpu(), 1))


@pytest.mark.gpu
@pytest.mark.slow
def test_offsets_beyond_32_bits(on_gpu):
    n = (1 << 30) + 8
    y = torch.zeros(1, n, 3, device="cuda")
    last = torch.arange(n - 4, n, device="cuda")
    y[0, last] = torch.eye(4, 3, device="cuda") + 1
    assert torch.equal(triton.search(y[:, last], y, 1).flatten(), last)
    corners = torch.tensor([[0.0], [1.0]], device="cuda").expand(8, 2, 3)
    found = triton.search(y.view(8, -1, 3), corners, 1)
    assert torch.equal(found.flatten().nonzero().flatten(), last)


@pytest.mark.gpu
@pytest.mark.parametrize("shape", [(300, 3), (5, 300, 3)])
def test_gradient_of_chamfer(on_gpu, shape):
    x, y = gaussian(*shape).requires_grad_(), gaussian(*shape, seed=1).requires_grad_()
    chamfer(x, y, backend="triton").sum().backward()
    a, b = (cloud.detach().cpu().double().requires_grad_() for cloud in (x, y))
    chamfer(a, b).sum().backward()
    for device, cpu in ((x, a), (y, b)):
        torch.testing.assert_close(device.grad.cpu().double(), cpu.grad, rtol=1e-4, atol=1e-7)


@pytest.mark.gpu
def test_any_memory_layout(on_gpu):
    x, y = gaussian(4, 3, 500).mT, gaussian(4, 700, 6, seed=1)[..., ::2]
    assert not x.is_contiguous()
    assert torch.equal(triton.search(x, y, 1), triton.search(x.contiguous(), y.contiguous(), 1))
    assert torch.equal(farthest_points(x, 60), farthest_points(x.contiguous(), 60))


@pytest.mark.gpu
def test_runs_on_the_stream_that_is_current(on_gpu):
    x, y = gaussian(4, 3_000, 3), gaussian(4, 3_000, 3, seed=1)
    expected = triton.search(x, y, 1)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        torch.cuda._sleep(100_000_000)
        late = x.roll(1, 1)  # exists only once the stream has slept
        found = triton.search(late, y, 1)
    stream.synchronize()
    assert torch.equal(found.roll(-1, 1), expected)


@pytest.mark.gpu
@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize(
    ("clouds", "n", "m"), [(1, 1, 1), (3, 100, 100), (32, 2_048, 512), (2, 8_193, 300), (1, 50_000, 200)]
)
def test_farthest_points_are_those_of_dense(on_gpu, clouds, n, m, dim):
    for x in (gaussian(clouds, n, dim), (gaussian(clouds, n, dim) * 4).round() / 4):
        found = farthest_points(x, m, start=n // 2, backend="triton")
        assert torch.equal(found, farthest_points(x, m, start=n // 2, backend="dense"))
        assert torch.equal(found.cpu(), farthest_points(x.cpu(), m, start=n // 2))
        assert torch.equal(farthest_points(x, m, start=n // 2), found)


@pytest.mark.gpu
def test_a_pair_of_clouds_is_checked_in_one_wait(on_gpu):
    """And the search itself waits for nothing."""
    for shape in ((500, 3), (4, 500, 3)):
        x, y = gaussian(*shape), gaussian(*shape, seed=1)
        nearest_each_way(x, y)  # compiled
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
            try:
                nearest_each_way(x, y)
            finally:
                torch.cuda.set_sync_debug_mode("default")
        assert sum("called a synchronizing" in str(warning.message) for warning in said) == 1
