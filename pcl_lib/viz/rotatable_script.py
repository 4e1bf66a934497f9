"""The few lines of JavaScript that hand the clouds of a page to plotly."""

from plotly.offline import get_plotlyjs_version

# Run once per figure; draws every scene that is not drawn yet. The built site has plotly in the head of the
# page; a live notebook has not, so there the script fetches the version that matches the installed package.
SCRIPT = """
(function () {
  function draw(Plotly) {
    document.querySelectorAll(".pcl-scene[data-cloud]").forEach(function (scene) {
      var cloud = JSON.parse(scene.dataset.cloud);
      scene.removeAttribute("data-cloud");
      var axis = {visible: false, showspikes: false, range: [-33000, 33000]};
      var xyz = cloud.points.map(function (b) { return {dtype: "i2", bdata: b}; });
      Plotly.newPlot(scene, [{
        type: "scatter3d", mode: "markers", x: xyz[0], y: xyz[1], z: xyz[2], hoverinfo: "skip",
        marker: {size: cloud.size, color: cloud.colour}
      }], {
        margin: {l: 0, r: 0, t: 0, b: 0}, paper_bgcolor: "rgba(0,0,0,0)", autosize: true,
        scene: {xaxis: axis, yaxis: axis, zaxis: axis, aspectmode: "cube", dragmode: "orbit",
                camera: {eye: {x: cloud.eye[0], y: cloud.eye[1], z: cloud.eye[2]}}}
      }, {displayModeBar: false, responsive: true});
    });
  }
  function start() {
    if (window.Plotly) { draw(window.Plotly); return; }
    window.pclPlotly = window.pclPlotly || new Promise(function (done, failed) {
      var tag = document.createElement("script");
      tag.src = "https://cdn.plot.ly/plotly-VERSION.min.js";
      tag.onload = function () { done(window.Plotly); };
      tag.onerror = failed;
      document.head.appendChild(tag);
    });
    window.pclPlotly.then(draw);
  }
  start();
})();
"""


def script() -> str:
    """The `<script>` element."""
    return f"<script>{SCRIPT.replace('VERSION', get_plotlyjs_version())}</script>"
