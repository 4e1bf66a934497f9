"""What the loop asks of a method, and what it asks of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from torch import Tensor, nn
from torch.optim import Optimizer

if TYPE_CHECKING:
    from pcl_lib.trainers._engine import Engine


@runtime_checkable
class Method(Protocol):
    """A way to train: networks, optimisers, and what happens with one batch.

    - `modules`: every network that is trained or run, by name; also tables of latent codes (`nn.Embedding`).
    - `optimizers`: by name. Each of their parameters belongs to one of the modules.
    - `schedulers`: only if learning rates change; by the name of the optimiser, whose every step moves it on.
    - `step(batch, index, engine)`: computes losses and hands them to `engine.descend`, in as many turns as it likes;
      returns what is logged, scalars by name. `batch` is `data[index]`, `index` (B,) the rows of the data.

    What a step depends on stands in its arguments, in the modules, and in `engine.step`, the number of steps done. An
    attribute of the method that changes while it trains would be lost when a run is resumed.

    Two networks that take turns are an ordinary method:

    >>> import torch
    >>> from torch.nn.functional import softplus
    >>> class Adversarial:
    ...     def __init__(self, generator, critic):
    ...         self.modules = {"generator": generator, "critic": critic}
    ...         self.optimizers = {
    ...             name: torch.optim.Adam(module.parameters(), lr=1e-2) for name, module in self.modules.items()
    ...         }
    ...
    ...     def step(self, batch, index, engine):
    ...         generator, critic = engine.modules["generator"], engine.modules["critic"]
    ...         noise = torch.randn(len(batch), 2, device=batch.device)
    ...         with engine.turn("critic"):  # the generator stands still and gets no gradient
    ...             real, fake = critic(batch), critic(generator(noise))
    ...             critic_loss = (softplus(-real) + softplus(fake)).mean()
    ...             engine.descend(critic_loss)
    ...         with engine.turn("generator"):
    ...             generator_loss = softplus(-critic(generator(noise))).mean()
    ...             engine.descend(generator_loss)
    ...         return {"critic": critic_loss, "generator": generator_loss}

    >>> from pcl_lib.trainers import fit
    >>> _ = torch.manual_seed(0)
    >>> method = Adversarial(torch.nn.Linear(2, 1), torch.nn.Linear(1, 1))
    >>> history = fit(method, 3 + torch.rand(64, 1), batch_size=16, epochs=50, progress=False)
    >>> history.records[-1]["step"]
    200
    """

    @property
    def modules(self) -> Mapping[str, nn.Module]: ...

    @property
    def optimizers(self) -> Mapping[str, Optimizer]: ...

    def step(self, batch: Any, index: Tensor, engine: Engine) -> Mapping[str, Tensor | float]: ...


@runtime_checkable
class Data(Protocol):
    """Items by row: a tensor, a `torch.utils.data.TensorDataset`, or anything with `len(data)` and `data[index]`.

    `data[index]` takes an int64 tensor (B,) of rows and gives tensors, or a nest of tensors, of B items each. The
    data lie where they are used: a tensor on the GPU stays there, what comes from the CPU is moved.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Any: ...
