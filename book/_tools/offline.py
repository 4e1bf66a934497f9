"""Sphinx extension: pages load their scripts from beside themselves, not from the network.

`vendor.py` fetches the scripts before the build. Where it could not, Sphinx's and MyST-NB's own defaults, which are
addresses on public networks, stay in force.
"""

from __future__ import annotations

import json
import os

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.typing import ExtensionMetadata

from book._tools import vendor


def use_vendored(app: Sphinx, config: Config) -> None:
    if not vendor.is_complete():
        return
    config.html_extra_path = [*config.html_extra_path, os.path.relpath(vendor.FOLDER, app.confdir)]
    # Sphinx resolves these against _static. The widgets' script has millions of bytes: it waits until the page is read.
    later = {"defer": "defer"}
    config.mathjax_path = f"../{vendor.MATHJAX}"
    config.nb_ipywidgets_js = {f"../{vendor.REQUIRE}": later, f"../{vendor.WIDGETS}": later}


def name_plotly(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Say where plotly.js is on pages with a rotatable figure, which fetches its five megabytes when it is near.

    Where the scripts could not be had, the figures fetch it from plotly's own network.
    """
    if vendor.is_complete() and 'class="pcl-plotly' in context.get("body", ""):
        address = context["pathto"](vendor.PLOTLY, 1)
        app.add_js_file(None, body=f"window.pclPlotlyAt = {json.dumps(address)};")


def leave_thebe_out(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Take sphinx-thebe's scripts off the pages, which the theme brings along: no page has a button for it, and its
    constants, which come twice, are an error in every browser's console."""
    scripts = context.get("script_files", [])
    scripts[:] = [script for script in scripts if not _of_thebe(script)]


def _of_thebe(script: object) -> bool:
    attributes = getattr(script, "attributes", {})
    # The state of the sliders is data: somewhere in the letters of its pictures any word may stand.
    if "json" in attributes.get("type", ""):
        return False
    return "thebe" in f"{script} {attributes}".lower()


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("config-inited", use_vendored)
    app.connect("html-page-context", name_plotly)
    app.connect("html-page-context", leave_thebe_out, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
