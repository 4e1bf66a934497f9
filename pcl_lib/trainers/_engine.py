"""What a method's step is handed: networks ready to run, and turns of optimisers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from pcl_lib.trainers._hyperparameters import Values, hyperparameters
from pcl_lib.trainers._method import Method
from pcl_lib.trainers._precision import PreciseModule


class Engine:
    """Networks and optimisers of a method, on the device, in the precision and over the processes of a Fabric.

    - `modules`: the networks as a step calls them, by name. Call them (`modules["model"](x)`), not their other methods:
      precision and the exchange of gradients between processes belong to that call.
    - `descend(loss)`: one step of all optimisers down the gradient of the loss, clipped if `fit` was told so.
    - `turn(name, ...)`: ``with engine.turn("critic"):`` makes it a step of the named optimisers alone; all other
      parameters stand still and get no gradient.
    - `step`: number of steps done. `device`: where the networks run. `processes`: how many train together. `clip`: the
      largest norm of gradients, or None.
    """

    def __init__(self, method: Method, fabric: Fabric, ema: float | None, clip: float | None) -> None:
        self.step = 0
        self.device = fabric.device
        self._networks = dict(method.modules)
        self._optimizers = dict(method.optimizers)
        self._schedulers: Mapping[str, LRScheduler] = getattr(method, "schedulers", {})
        self.clip, self.processes = clip, fabric.world_size
        self._fabric = fabric
        self._parameters = {name: _parameters(optimizer) for name, optimizer in self._optimizers.items()}
        _check(self._networks, self._parameters, self._schedulers)
        self.modules = {name: _set_up(network, fabric) for name, network in self._networks.items()}
        self.averages = {}
        if ema is not None:
            average = get_ema_multi_avg_fn(ema)
            self.averages = {
                name: AveragedModel(m, self.device, multi_avg_fn=average)
                for name, m in self._networks.items()
            }
        self._start = self.hyperparameters()
        self._turn = tuple(self._optimizers)
        self.moved = False  # whether the step under way has changed parameters

    @contextmanager
    def turn(self, *names: str) -> Iterator[None]:
        """Within it only the parameters of the named optimisers get gradients, and `descend` moves only these.

        Forward passes of the turn's loss belong inside: with several processes, networks whose turn it is not do
        not wait for each other's gradients. All parameters of a network take the same turns.
        """
        unknown = [name for name in names if name not in self._optimizers]
        if unknown or not names:
            raise ValueError(
                f"a turn is of one or more of the optimisers {list(self._optimizers)}, received {list(names)}"
            )
        moving = {id(p) for name in names for p in self._parameters[name]}
        still = [p for ps in self._parameters.values() for p in ps if id(p) not in moving and p.requires_grad]
        outer, self._turn = self._turn, names
        try:
            with ExitStack() as stack:
                for name, network in self._networks.items():
                    module = self.modules[name]
                    if isinstance(module, PreciseModule) and not any(
                        id(p) in moving for p in network.parameters()
                    ):
                        stack.enter_context(self._fabric.no_backward_sync(module))
                for parameter in still:
                    parameter.requires_grad_(False)
                yield
        finally:
            self._turn = outer
            for parameter in still:
                parameter.requires_grad_(True)

    def descend(self, loss: Tensor) -> None:
        """One step of the optimisers whose turn it is (outside of a turn: of all) down the gradient of the loss.

        Gradients are clipped to the norm that `fit` was given, for each optimiser on its own, and its learning rate
        moves on after the step.
        """
        for name in self._turn:
            self._optimizers[name].zero_grad()
        self._fabric.backward(loss)
        self.moved = True
        for name in self._turn:
            if self.clip is not None:
                nn.utils.clip_grad_norm_(self._parameters[name], self.clip)
            self._optimizers[name].step()
            if name in self._schedulers:
                self._schedulers[name].step()

    def finish_step(self) -> None:
        self.step += 1
        self.moved = False
        for name, average in self.averages.items():
            average.update_parameters(self._networks[name])

    def broken_network(self) -> str | None:
        """Name of a network with a parameter that is not finite, if there is one."""
        for name, network in self._networks.items():
            if not all(bool(torch.isfinite(p).all()) for p in network.parameters()):
                return name
        return None

    def hyperparameters(self) -> Values:
        """Of all optimisers and schedulers, as they are now."""
        return hyperparameters(self._optimizers, self._schedulers)

    def state(self) -> dict[str, Any]:
        return {
            "hyperparameters": {"start": self._start, "now": self.hyperparameters()},
            "step": self.step,
            "modules": {name: network.state_dict() for name, network in self._networks.items()},
            "averages": {name: average.module.state_dict() for name, average in self.averages.items()},
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self._optimizers.items()},
            "schedulers": {name: scheduler.state_dict() for name, scheduler in self._schedulers.items()},
        }

    def restore(self, state: dict[str, Any], *, adopt: bool) -> None:
        """Go on from a checkpoint; with `adopt`, under the hyper-parameters and schedules that were given."""
        self.step = state["step"]
        for name, network in self._networks.items():
            network.load_state_dict(state["modules"][name])
        for name, average in self.averages.items():
            average.module.load_state_dict(state["averages"][name])
            average.n_averaged.fill_(self.step)
        for name, optimizer in self._optimizers.items():
            given = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
            optimizer.load_state_dict(state["optimizers"][name])
            if adopt:
                for group, own in zip(optimizer.param_groups, given, strict=True):
                    group.update(own)
        if adopt:
            return
        self._start = state.get("hyperparameters", {}).get("start", self._start)
        for name, scheduler in self._schedulers.items():
            scheduler.load_state_dict(state["schedulers"][name])


def _set_up(network: nn.Module, fabric: Fabric) -> nn.Module:
    """Onto the device, and into Fabric's wrapper where that has something to do.

    Alone and in full precision it has not, and would cost a tiny network 4 % of its step. Among several processes DDP
    refuses a network that is not trained, since it has no gradients to exchange; it then runs in its own precision.
    """
    if fabric.world_size > 1:
        wrap = any(p.requires_grad for p in network.parameters())
    else:
        wrap = fabric.strategy.precision.precision != "32-true"
    if not wrap:
        return fabric.to_device(network)
    module = fabric.setup_module(network)
    return PreciseModule(module._forward_module, fabric.strategy, original_module=network)


def _parameters(optimizer: Optimizer) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def _check(
    networks: Mapping[str, nn.Module],
    parameters: Mapping[str, list[Tensor]],
    schedulers: Mapping[str, LRScheduler],
) -> None:
    known = {id(p) for network in networks.values() for p in network.parameters()}
    for name, own in parameters.items():
        stray = [tuple(p.shape) for p in own if id(p) not in known]
        if stray:
            raise ValueError(
                f"the optimizer {name!r} has parameters of shapes {stray} that belong to none of the modules "
                f"{list(networks)}: they would not be saved; put them into a module (nn.Embedding, nn.ParameterList)"
            )
    lost = [name for name in schedulers if name not in parameters]
    if lost:
        raise ValueError(
            f"schedulers are named after their optimizers {list(parameters)}, received {lost}; rename them"
        )
