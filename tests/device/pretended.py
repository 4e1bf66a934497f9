"""A CUDA device that is none: tensors that say they lie on cuda:0 and are computed on the CPU, with real values.

They refuse what a GPU would refuse (a tensor of the CPU beside them, numpy, the address of their memory) and count what
would make the host wait for the device. `with pretended_cuda() as waits:` makes torch believe that there is such a
device. Not seen: kernels that are compiled for it, its memory, its speed, races between streams.

torch itself is told that these tensors are on "meta", a device without values: without CUDA it has no code for "cuda",
and a backward pass of tensors that claim it ends the process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

CUDA, CPU = torch.device("cuda", 0), torch.device("cpu")
# Operations that read a value of the device or whose result has a size that depends on values.
WAITS = {
    *("_local_scalar_dense", "is_nonzero", "equal", "nonzero", "masked_select", "bincount"),
    *("_unique2", "unique_dim", "unique_consecutive"),
}
COPIES = ("_to_copy", "copy_", "copy")
INDEXING = ("index", "index_put", "index_put_", "_index_put_impl_")
TO_CPU = "copy to the CPU"

waits: Counter[str] = Counter()


class Pretended(torch.Tensor):
    """A tensor of the CPU, `held`, that says it lies on cuda:0."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls, held: torch.Tensor, requires_grad: bool = False) -> Pretended:
        self = torch.Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            layout=held.layout,
            device="meta",
            requires_grad=requires_grad,
        )
        self.held = held
        return self

    device = property(lambda _: CUDA)
    is_cuda = property(lambda _: True)
    is_cpu = property(lambda _: False)
    is_meta = property(lambda _: False)

    def get_device(self) -> int:
        return CUDA.index

    def numpy(self, *, force: bool = False) -> Any:  # noqa: ARG002 - as torch has it
        raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first")

    def __array__(self, dtype: Any = None) -> Any:
        return self.numpy()

    def data_ptr(self) -> int:
        raise RuntimeError("an address on the device was asked for, which code for the CPU would read")

    def tolist(self) -> Any:
        waits["tolist"] += 1
        return self.held.tolist()

    def __repr__(self) -> str:
        return f"pretended({self.held!r})"

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.held.detach().__reduce_ex__(protocol)  # a checkpoint is read to the CPU

    def __deepcopy__(self, memo: dict[int, Any]) -> torch.Tensor:
        copy: torch.Tensor = Pretended(self.held.detach().clone(), self.requires_grad)
        if isinstance(self, torch.nn.Parameter):
            copy = torch.nn.Parameter(copy, self.requires_grad)
        memo[id(self)] = copy
        return copy

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name = func._schema.name.split("::")[1]
        _refuse_mixture(func, name, args, kwargs)
        _count(name, args)
        device = kwargs.get("device")
        leaves = device is not None and torch.device(device).type == "cpu"
        if device is not None:
            kwargs["device"] = CPU
        wrapped: dict[int, Pretended] = {}

        def unwrap(item: Any) -> Any:
            if not isinstance(item, Pretended):
                return item
            wrapped[id(item.held)] = item
            return item.held

        args, kwargs = tree_map(unwrap, (args, kwargs))
        out = func(*args, **kwargs)
        if leaves or (name == "copy_" and id(out) not in wrapped):
            waits[TO_CPU] += 1
            return out

        def wrap(item: Any) -> Any:
            return wrapped[id(item)] if id(item) in wrapped else _pretend(item)

        return tree_map(wrap, out)


def _refuse_mixture(func: Any, name: str, args: Any, kwargs: Any) -> None:
    """Raise what torch raises for tensors of two devices. Numbers may come from the CPU, copies and index too."""
    tensors: list[torch.Tensor] = []
    tree_map(lambda t: tensors.append(t) if isinstance(t, torch.Tensor) else None, (args, kwargs))
    plain = [t for t in tensors if not isinstance(t, Pretended) and t.dim() > 0]
    if not plain or name in COPIES:
        return
    if name in INDEXING and isinstance(args[0], Pretended):
        waits["index from the CPU"] += 1
        return
    raise RuntimeError(f"Expected all tensors to be on the same device, but found cuda:0 and cpu in {func}")


def _count(name: str, args: Any) -> None:
    if name in WAITS:
        waits[name] += 1
    if name in INDEXING:
        masks = [i for i in args[1] if isinstance(i, torch.Tensor) and i.dtype == torch.bool]
        waits["index by a mask"] += bool(masks)


def _pretend(item: Any) -> Any:
    return Pretended(item) if isinstance(item, torch.Tensor) and not isinstance(item, Pretended) else item


def _is_cuda(device: Any) -> bool:
    if isinstance(device, int) and not isinstance(device, bool):
        return True
    return isinstance(device, str | torch.device) and torch.device(device).type == "cuda"


class _Moved(torch.autograd.Function):
    """A copy on the other device, through which gradients go back."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, there: bool) -> torch.Tensor:
        ctx.there = there
        return Pretended(x.detach().clone()) if there else x.held.clone()  # type: ignore[attr-defined]

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        return (grad.held.clone() if ctx.there else Pretended(grad.clone())), None


class _Calls(TorchFunctionMode):
    """What is asked for "cuda" by name is made on the CPU and pretends; what moves is moved."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if name in ("to", "cuda", "cpu") and args and isinstance(args[0], torch.Tensor):
            return _move(name, args[0], args[1:], kwargs)
        if name == "type_as":
            return _move("to", args[0], args[1:], {})
        if name == "new_tensor" and isinstance(args[0], Pretended):
            return Pretended(torch.tensor(args[1], dtype=kwargs.get("dtype", args[0].dtype)))
        if not _is_cuda(kwargs.get("device")):
            return func(*args, **kwargs)
        of = next((t for t in args if isinstance(t, torch.Tensor)), None)
        if isinstance(of, Pretended):  # zeros_like, new_zeros: they are on its device
            del kwargs["device"]
            return of if name in ("tensor", "as_tensor") else func(*args, **kwargs)
        grad = kwargs.pop("requires_grad", False)
        made = tree_map(_pretend, func(*args, **(kwargs | {"device": CPU})))
        return made.requires_grad_() if grad else made


def _move(name: str, x: torch.Tensor, rest: Any, kwargs: dict[str, Any]) -> torch.Tensor:
    """`x.to(..)`, `x.cuda()`, `x.cpu()`."""
    device = {"cuda": CUDA, "cpu": CPU}.get(name)
    dtype, copy = kwargs.get("dtype"), kwargs.get("copy", False)
    if name == "to":
        for item in (*rest, kwargs.get("device"), kwargs.get("other")):
            if isinstance(item, torch.dtype):
                dtype = item
            elif isinstance(item, torch.Tensor):
                device, dtype = item.device, item.dtype
            elif _is_cuda(item):
                device = CUDA
            elif isinstance(item, str | torch.device):
                device = torch.device(item)
    there = device is not None and device.type == "cuda"
    if device is not None and there != isinstance(x, Pretended):
        waits[TO_CPU] += not there
        x = _Moved.apply(x, there)
        copy = False
    with torch._C.DisableTorchFunction():
        if dtype is not None and x.dtype != dtype:
            return x.type(dtype) if x.requires_grad else torch.ops.aten._to_copy(x, dtype=dtype)
    return x.clone() if copy else x


class _Made(TorchDispatchMode):
    """What torch makes beside a pretended tensor, the tensor of a number, say, it makes on "meta": it pretends too."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        device = kwargs.get("device")
        given = any(isinstance(item, torch.Tensor) for item in args)
        if device is not None and torch.device(device).type == "meta" and not given:
            return Pretended(func(*args, **(kwargs | {"device": CPU})))
        return func(*args, **kwargs)


class _Generator(torch.Generator):
    """One of any device, on the CPU."""

    def __new__(cls, device: Any = "cpu") -> Any:  # noqa: ARG004 - as torch has it
        return super().__new__(cls)


def _believed() -> dict[str, Any]:
    """What torch says of its devices."""
    engine = torch.autograd.graph._engine_run_backward

    def run_backward(*args: Any, **kwargs: Any) -> Any:
        with (
            _Calls()
        ):  # a mode is off within what it handles, and backward passes of our losses are in Python
            return engine(*args, **kwargs)

    says: dict[str, Any] = {"is_available": True, "device_count": 1, "current_device": 0}
    says |= {"get_device_name": "pretended", "get_device_capability": (9, 0), "is_bf16_supported": True}
    says |= dict.fromkeys(("synchronize", "set_device", "set_rng_state", "manual_seed", "empty_cache"))
    says |= {"manual_seed_all": None}
    found = {f"torch.cuda.{name}": mock.Mock(return_value=value) for name, value in says.items()}
    found["torch.cuda.get_rng_state"] = lambda *_: torch.get_rng_state()
    found["torch.autograd._engine_run_backward"] = run_backward
    found["torch.Generator"] = _Generator
    return found


@contextmanager
def pretended_cuda() -> Iterator[Counter[str]]:
    """Within, torch has a device "cuda"; gives the number of waits of the host, by their kind, from here on."""
    waits.clear()
    with ExitStack() as stack:
        for name, new in _believed().items():
            stack.enter_context(mock.patch(name, new))
        stack.enter_context(torch.autograd.set_multithreading_enabled(False))  # modes belong to a thread
        stack.enter_context(_Made())
        stack.enter_context(_Calls())
        yield waits
