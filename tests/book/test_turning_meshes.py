"""A shaded mesh in a page: the script draws it and the keys turn it, as they do a cloud."""

from pathlib import Path

import plotly
import pytest
import trimesh

from pcl_lib import viz
from tests.book.browser import made, until, visit

pytestmark = pytest.mark.browser


def test_a_mesh_is_drawn_and_turns(browser, tmp_path):
    figure = viz.surface(
        [trimesh.creation.icosphere(2), trimesh.creation.box()], alt="A ball and a cube"
    ).html
    script = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").as_uri()
    head = f'<script>window.pclPlotlyAt = "{script}"</script>'
    with visit(browser, made(tmp_path, head + figure)) as seen:
        page = seen.page
        page.wait_for_selector(".pcl-plotly.pcl-live")
        drawn = "() => [...document.querySelectorAll('.pcl-canvas')].map(c => [c.data[0].type, c.data[0].i.length])"
        assert page.evaluate(drawn) == [["mesh3d", 320], ["mesh3d", 12]]
        eyes = "() => [...document.querySelectorAll('.pcl-canvas')].map(c => c.layout.scene.camera.eye.x.toFixed(6))"
        before = page.evaluate(eyes)
        page.query_selector(".pcl-plotly").focus()
        page.keyboard.press("ArrowRight")
        assert until(page, lambda: all(a != b for a, b in zip(page.evaluate(eyes), before, strict=True)))
        assert len(set(page.evaluate(eyes))) == 1
