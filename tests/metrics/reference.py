"""The metrics as plain loops in numpy, and the clouds of the golden facts."""

import numpy as np
import torch

from tests.distances.reference import golden, named

GOLDEN = golden("metrics")


def U(n: int, k: float) -> np.ndarray:
    i = np.arange(1, n + 1)
    steps = (0.7548776662466927, 0.5698402909980532, 0.8191725133961645)
    return np.stack([np.mod(i * step + 0.1 * (a + 1) * k, 1) for a, step in enumerate(steps)], 1)


def cloud(text: str) -> torch.Tensor:
    """The cloud that a golden fact names, such as "U(256, 1)", in float64."""
    if text.startswith("U("):
        n, k = text[2:-1].split(",")
        return torch.from_numpy(U(int(n), float(k)))
    return torch.from_numpy(named(text))


def random_clouds(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def rotation() -> torch.Tensor:
    q, _ = torch.linalg.qr(random_clouds(3, 3, seed=9))
    return q


def square_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.array([[float(((p - q) ** 2).sum()) for q in y] for p in x])


def naive_mcd(x: np.ndarray, y: np.ndarray, sizes: list[int], centres: int) -> float:
    def farthest(points: np.ndarray) -> list[int]:
        chosen = [0]
        while len(chosen) < centres:
            gaps = [min(float(((p - points[c]) ** 2).sum()) for c in chosen) for p in points]
            chosen.append(int(np.argmax(gaps)))
        return chosen

    middle = [x[i] for i in farthest(x)] + [y[i] for i in farthest(y)]
    total = 0.0
    for k in sizes:
        values = []
        for c in middle:
            near_x = x[np.argsort(((x - c) ** 2).sum(1), kind="stable")[:k]]
            near_y = y[np.argsort(((y - c) ** 2).sum(1), kind="stable")[:k]]
            sq = square_distances(near_x, near_y)
            values.append(max(sq.min(1).mean(), sq.min(0).mean()))
        total += np.mean(values) / len(sizes)
    sq = square_distances(x, y)
    return total + 0.1 * max(sq.min(1).mean(), sq.min(0).mean())


def naive_matching(x: np.ndarray, y: np.ndarray, last_pass: bool) -> np.ndarray:
    n = len(x)
    sq = square_distances(x, y)
    match, left_over, room = np.zeros((n, n)), np.ones(n), np.ones(n)
    for power in range(7, -3, -1) if last_pass else range(7, -2, -1):
        w = np.exp(-(0.0 if power == -2 else 4.0**power) * sq)
        left = np.array([left_over[i] / (1e-9 + sum(w[i, j] * room[j] for j in range(n))) for i in range(n)])
        offered = np.array([room[j] * sum(w[i, j] * left[i] for i in range(n)) for j in range(n)])
        right = np.minimum(room / (offered + 1e-9), 1) * room
        room = np.maximum(0, room - offered)
        moved = w * left[:, None] * right[None]
        match += moved
        left_over = np.maximum(0, left_over - moved.sum(1))
    return match


def naive_density_difference(x: np.ndarray, y: np.ndarray, ball: float, most: int, weight: float) -> float:
    def local(points: np.ndarray) -> list[tuple[int, float]]:
        out = []
        for p in points:
            dist = sorted(float(((p - q) ** 2).sum()) ** 0.5 for q in points)[:most]
            inside = [d for d in dist if d <= ball]
            out.append((len(inside), sum(inside) / len(inside)))
        return out

    def one_way(a: np.ndarray, b: np.ndarray) -> float:
        here, there, total = local(a), local(b), 0.0
        nearest = square_distances(a, b).argmin(1)
        for own, j in zip(here, nearest, strict=True):
            for w, mine, other in zip((1, weight), own, there[j], strict=True):
                total += w * abs(other + 1e-8 - mine) / (other + 1e-8) / len(a)
        return total

    return one_way(x, y) + one_way(y, x)


def naive_uniformity(x: np.ndarray, seeds: list[int], share: float, area: float) -> float:
    r = (share * area / np.pi) ** 0.5
    expected, values = share * len(x), []
    for s in seeds:
        disk = x[((x - x[s]) ** 2).sum(1) <= r * r]
        if len(disk) < 5:
            continue
        sq = square_distances(disk, disk)
        np.fill_diagonal(sq, np.inf)
        ideal = (2 * np.pi * r * r / len(disk) / 3**0.5) ** 0.5
        clutter = ((sq.min(1) ** 0.5 - ideal) ** 2 / ideal).mean()
        values.append((len(disk) - expected) ** 2 / expected * clutter)
    return float(np.mean(values)) if values else 0.0
