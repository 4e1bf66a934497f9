"""Sphinx extension: pages load their scripts from beside themselves, not from the network.

`vendor.py` fetches the scripts before the build. Where it could not, Sphinx's and MyST-NB's own defaults, which are
addresses on public networks, stay in force.
"""

from __future__ import annotations

import os

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.typing import ExtensionMetadata

from book._tools import vendor

# plotly.js must be there before require.js: a script that finds an AMD loader registers with it as an anonymous
# module, which require.js refuses when it did not ask for the script. Sphinx loads by ascending priority; 500 is usual.
BEFORE_REQUIRE = 100


def use_vendored(app: Sphinx, config: Config) -> None:
    if not vendor.is_complete():
        return
    config.html_extra_path = [*config.html_extra_path, os.path.relpath(vendor.FOLDER, app.confdir)]
    # Sphinx resolves these against _static.
    config.mathjax_path = f"../{vendor.MATHJAX}"
    config.nb_ipywidgets_js = {f"../{vendor.REQUIRE}": {}, f"../{vendor.WIDGETS}": {}}


def add_plotly(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Only pages with a rotatable figure carry the five megabytes of plotly.js."""
    if 'class="pcl-plotly' not in context.get("body", ""):
        return
    if vendor.is_complete():
        app.add_js_file(f"../{vendor.PLOTLY}", priority=BEFORE_REQUIRE)
    else:
        from plotly.offline import get_plotlyjs_version

        app.add_js_file(
            f"https://cdn.plot.ly/plotly-{get_plotlyjs_version()}.min.js", priority=BEFORE_REQUIRE
        )


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("config-inited", use_vendored)
    app.connect("html-page-context", add_plotly)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
