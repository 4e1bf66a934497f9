"""Processes and their threads: how many can work, and that a forked process has none of those of its parent."""

from __future__ import annotations

import os

import torch

_born = os.getpid()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_thread_if_forked() -> None:
    """In a process forked from one that had imported this: torch works in one thread from now on.

    Its OpenMP would wait for ever for threads that only the parent has. torch's own DataLoader does the same in its
    workers.
    """
    global _born
    if os.getpid() != _born:
        torch.set_num_threads(1)
        _born = os.getpid()
