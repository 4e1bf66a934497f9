"""Tables, a chart and sentences of a record of the benchmarks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Chart
from matplotlib.ticker import FuncFormatter

from pcl_lib import viz
from pcl_lib.experiments.benchmarks.races import OURS, Benchmarks, Quartiles, Race, Steps

# Contenders that are not called as the package that they come from.
_PACKAGES = {
    "scipy's own": "scipy",
    "KeOps": "pykeops",
    "nanoflann": "pynanoflann",
    "small_gicp": "small-gicp",
}


def facts(machine: Mapping[str, Any], peers: Iterable[str] = ()) -> dict[str, Any]:
    """Where and when, and the versions of all who took part, as `viz.table` sets them under a table."""
    versions = machine["versions"]
    packages = ["torch", *(_PACKAGES.get(peer, peer) for peer in peers)]
    used = [name for name in dict.fromkeys(packages) if versions.get(name)]
    device = machine["cpu"] if machine["device"] == "cpu" else machine["device"]
    shown = ", ".join(f"{name} {versions[name]}" for name in used)
    threads = machine["torch_threads"]
    cores = f"{machine['cores']} cores, {threads} thread{'s'[: threads != 1]}"
    return {"device": f"{device}, {cores}; {shown}", "date": machine["date"][:10]}


def races_table(record: Benchmarks, subject: str, caption: str) -> viz.Figure:
    """The races of a subject, a column for each peer that took part: its time / ours, with the quartiles."""
    races = [race for race in record.races if race.subject == subject]
    peers = list(dict.fromkeys(name for race in races for name in race.ratios))
    absent = {name for race in races for name, why in race.left_out.items() if why == "not installed"}
    one_job = len({race.job for race in races}) == 1
    if one_job:
        caption += f" Each row: {races[0].job}."
    if absent:
        caption += f" Not installed there: {', '.join(sorted(absent))}."
    return viz.table(
        [
            {
                "function": _named(race) + ("" if one_job else f": {race.job}"),
                "ours, ms": race.took(),
                **{peer: _ratio(race, peer) for peer in peers},
            }
            for race in races
        ],
        columns=["function", "ours, ms", *peers],
        caption=caption,
        **facts(record.machine, peers),
    )


def steps_table(
    record: Steps, published: Mapping[str, float | int], baseline: str, caption: str
) -> viz.Figure:
    """Training steps under several losses, relative to one with `baseline`, beside `published` times of a batch."""
    rows = [
        [
            loss,
            published.get(loss),
            published[loss] / published[baseline] if loss in published else None,
            ratio.median if loss == baseline else _spread(ratio),
        ]
        for loss, ratio in sorted(record.ratios.items(), key=lambda item: item[1].median)
    ]
    columns = {
        "loss": "",
        "ms": "paper",
        f"relative to {baseline}": "paper",
        f"relative to {baseline} [quartiles]": "ours",
    }
    caption += f" Each row: {record.job}, {record.rounds} rounds."
    return viz.table(rows, columns=columns, caption=caption, **facts(record.machine))


def patches_table(path: Path, caption: str) -> viz.Figure:
    """The record of `python -m tests.benchmarks.patches`: all patches in one product against a loop over them."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    loops = list(stored["cases"][0]["ratios"])
    rows = [
        [
            f"{case['patches']} patches, {case['clouds']} x {case['points']:,} points: {case['network']}",
            case["milliseconds"][OURS]["median"],
            *(_spread(Quartiles(**case["ratios"][loop])) for loop in loops),
        ]
        for case in stored["cases"]
    ]
    columns = ["step", "ours, ms", *loops]
    return viz.table(rows, columns=columns, caption=caption, **facts(stored["machine"]))


def bounds_table(record: Benchmarks, caption: str) -> viz.Figure:
    """What a matching that promises an upper bound alone costs in accuracy, and what it saves in time."""
    return viz.table(
        [
            [f"{_named(race)}: {race.job}", race.behind(), f"{100 * max(race.excess.values()):.2f} %"]
            for race in record.races
            if race.excess
        ],
        columns=["function", "exact solver's time / ours", "above the exact value"],
        caption=caption,
        **facts(record.machine, ["scipy"]),
    )


def memory_table(record: Benchmarks, caption: str) -> viz.Figure:
    """Peak memory and seconds of each contender, in a process of its own."""
    rows = []
    for job in record.memory:
        size = (
            f"{job['points']:,} points"
            if job["clouds"] == 1
            else f"{job['clouds']} x {job['points']:,} points"
        )
        for name, found in job["contenders"].items():
            peak = found["peak_mib"]
            shown = peak if found["finished"] else f"out of memory after {peak:.0f}"
            rows.append([f"`{job['function']}`, {size}: {job['job']}", name, shown, found["seconds"]])
    columns = ["function", "by", "peak memory, MiB", "seconds"]
    return viz.table(rows, columns=columns, caption=caption, **facts(record.machine))


def goals_table(record: Benchmarks, caption: str) -> viz.Figure:
    """What the library promises of a GPU, and what the run found."""
    return viz.table(
        [
            [
                goal["goal"],
                f"at most {goal['at_most']:g}"
                if goal["at_least"] is None
                else f"at least {goal['at_least']:g}",
                goal["found"],
                str(goal["reached"]),
            ]
            for goal in record.goals
        ],
        columns=["goal", "wanted", "found", "reached"],
        caption=caption,
        **facts(record.machine),
    )


def races_chart(record: Benchmarks) -> Chart:
    """A row for each race: the fastest peer's ratio in blue with its quartiles, the others in grey."""
    half = (len(record.races) + 1) // 2
    with viz.style():
        # Two columns, each as narrow as a phone can show with its lettering readable, for a sheet holds no longer one.
        figure, axes = plt.subplots(1, 2, figsize=(9.2, 0.27 * half + 1.4))
        for ax, races in zip(axes, (record.races[:half], record.races[half:]), strict=True):
            _draw_races(ax, races)
        limits = [bound for ax in axes for bound in ax.get_xlim()]
        for ax in axes:
            ax.set_xlim(min(limits), max(limits))
            ax.set_ylim(half - 0.3, -0.7)
    return figure


def _draw_races(ax: Axes, races: Sequence[Race]) -> None:
    for y, race in enumerate(races):
        for name, ratio in race.ratios.items():
            first = name == race.best_peer
            line, dot = (viz.PALETTE[0],) * 2 if first else ("#bcc3cd", "#8a93a0")
            ends = [ratio.lower_quartile, ratio.upper_quartile]
            ax.plot(ends, [y, y], color=line, linewidth=2 + first, zorder=2 + first)
            size = 6.0 if first else 3.5
            ax.plot(ratio.median, y, "o" if first else "s", color=dot, markersize=size, zorder=3 + first)
    ax.axvline(1, color="#1b1f24", linewidth=1.2, zorder=1)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g}"))
    names = [f"{race.function}, {race.size.removesuffix(' points')}" for race in races]
    ax.set_yticks(range(len(races)), names, fontsize=9)
    ax.set_xlabel("peer's time / ours\n(left of the line the peer is faster)")


def clearly_behind(record: Benchmarks) -> list[Race]:
    """The races in which a peer was clearly faster: also the upper quartile of the best one is below one."""
    return [race for race in record.races if race.ratios[race.best_peer].upper_quartile < 1]


def behind_line(race: Race) -> str:
    """A line of Markdown on a race in which a peer was faster."""
    ours = race.took()
    shown = f"{ours:,.0f}" if ours >= 100 else f"{ours:.3g}"
    return f"- {_named(race)} ({race.job}): {race.best_peer} needs {100 * race.behind():.0f} % of our {shown} ms."


def _named(race: Race) -> str:
    return f"`{race.function}`, {race.size}"


def _ratio(race: Race, peer: str) -> str | None:
    if peer not in race.ratios:
        return race.left_out.get(peer)
    if race.rounds == 1:
        return f"{race.ratios[peer].median:.3g} [one round]"
    return _spread(race.ratios[peer])


def _spread(found: Quartiles) -> str:
    return f"{found.median:.3g} [{found.lower_quartile:.3g}, {found.upper_quartile:.3g}]"
