"""The Chromium of this machine: where it is, and with which options a page of the book is opened in it."""

from __future__ import annotations

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# A software renderer, so that 3-D figures draw on a machine without a graphics card.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
PATIENCE = 120_000
"""Milliseconds that a page may take to react: as long as a busy machine needs, for what does not come would never."""


def executable() -> str | None:
    """The path of the first one found; None if there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)
