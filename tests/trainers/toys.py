"""Small methods that the tests train."""

import torch
from torch import nn
from torch.nn.functional import mse_loss, softplus

from pcl_lib.distances import chamfer
from pcl_lib.losses import pfd
from pcl_lib.trainers import LearnedLoss, Reconstruction, fit

N_POINTS = 12


def clouds(count=24, seed=0):
    return torch.rand(count, N_POINTS, 3, generator=torch.Generator().manual_seed(seed))


class Coder(nn.Module):
    """The smallest PointNet auto-encoder."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Linear(3, 16), nn.Linear(16, 3 * N_POINTS)

    def forward(self, x):
        return self.decoder(torch.tanh(self.encoder(x)).amax(1)).view(len(x), N_POINTS, 3)


def reconstruction(loss=chamfer, lr=0.01, schedule=False):
    torch.manual_seed(0)
    model = Coder()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=7, gamma=0.5) if schedule else None
    return Reconstruction(model, loss, optimizer, scheduler)


def with_a_critic():
    """A reconstruction whose loss is learned; all its terms are means over the items."""
    task = reconstruction(pfd())
    loss = task.loss
    return LearnedLoss(task, loss, torch.optim.Adam(loss.parameters(), lr=1e-3))


class Adversarial:
    """Everything at once: two networks in turns, a table of codes, noise, two turns of one of them."""

    def __init__(self, noise=1.0):
        torch.manual_seed(0)
        self.noise = noise
        self.modules = {
            "generator": nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 3 * N_POINTS)),
            "critic": nn.Sequential(
                nn.Linear(3, 16), nn.Tanh(), nn.Dropout(0.1 if noise else 0.0), nn.Linear(16, 1)
            ),
            "codes": nn.Embedding(24, 4),
        }
        self.optimizers = {
            "generator": torch.optim.Adam(self.modules["generator"].parameters(), lr=0.01),
            "critic": torch.optim.AdamW(self.modules["critic"].parameters(), lr=0.01),
            "codes": torch.optim.SGD(self.modules["codes"].parameters(), lr=0.1, momentum=0.9),
        }
        self.schedulers = {
            "critic": torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizers["critic"], T_max=50)
        }

    def step(self, batch, index, engine):
        generator, critic, codes = (engine.modules[name] for name in ("generator", "critic", "codes"))

        def generated():
            code = codes(index)
            return generator(code + self.noise * torch.randn_like(code)).view(len(index), N_POINTS, 3)

        for _ in range(2):
            with engine.turn("critic"):
                critic_loss = (softplus(-critic(batch)) + softplus(critic(generated()))).mean()
                engine.descend(critic_loss)
        with engine.turn("generator", "codes"):
            fake = generated()
            loss = softplus(-critic(fake)).mean() + mse_loss(fake, batch)
            engine.descend(loss)
        return {"critic": critic_loss, "generator": loss}


def parameters(method):
    return {
        f"{name}.{key}": value.clone()
        for name, module in method.modules.items()
        for key, value in module.state_dict().items()
    }


def train(method, folder, steps, **options):
    """A run with every option on: two optimisers in turns, clipping, averages, checkpoints at odd moments."""
    settings = {
        "batch_size": 4,
        "clip": 1.0,
        "ema": 0.9,
        "checkpoint_every": 7,
        "log_every": 2,
        "progress": False,
    }
    return fit(method, clouds(), steps=steps, seed=3, folder=folder, **settings | options)
