"""The JavaScript that hands clouds and meshes to plotly, and keeps the pictures of one figure turned alike."""

import json

import numpy as np
from matplotlib.colors import to_hex
from plotly.offline import get_plotlyjs_version

from pcl_lib.viz._points import value_map

# Each figure carries the script, so that it works alone; the first one defines `pclRotatable`, all of them call it.
# Plotly has five megabytes, so it is fetched when the first figure comes near the window, not with the page: on the
# built site from beside the page (`pclPlotlyAt`), in a live notebook from plotly's own network, in the version that
# matches the installed package. An AMD loader (require.js) is told to look away meanwhile, for plotly would register
# with it and leave `window.Plotly` empty.
SCRIPT = """
window.pclRotatable = window.pclRotatable || (function () {
  var FULL = 32767, STEP = Math.PI / 18;

  function bytes(text) {
    return Uint8Array.from(atob(text), function (c) { return c.charCodeAt(0); });
  }

  function hasWebGL() {
    var context = document.createElement("canvas").getContext("webgl");
    if (context) { var lose = context.getExtension("WEBGL_lose_context"); if (lose) lose.loseContext(); }
    return Boolean(context);
  }

  function loadPlotly() {
    if (window.Plotly) return Promise.resolve(window.Plotly);
    window.pclPlotly = window.pclPlotly || new Promise(function (done, failed) {
      var tag = document.createElement("script"), define = window.define, amd = define && define.amd;
      function restore() { if (amd) define.amd = amd; }
      if (amd) define.amd = false;
      tag.src = window.pclPlotlyAt || "https://cdn.plot.ly/plotly-@VERSION@.min.js";
      tag.onload = function () { restore(); done(window.Plotly); };
      tag.onerror = function () { restore(); failed(new Error("plotly.js could not be loaded from " + tag.src)); };
      document.head.appendChild(tag);
    });
    return window.pclPlotly;
  }

  // The same ink as in the still pictures: dark near, the colour itself half way, a pale tint far away.
  function ink(rgb, depth) {
    var mixed = rgb.map(function (c) {
      return depth < 0.5 ? c * (0.45 + 1.1 * depth) : c + (0.68 - 0.68 * c) * (2 * depth - 1);
    });
    return "rgb(" + mixed.map(function (c) { return Math.round(255 * c); }).join() + ")";
  }

  function look(scene, eye) {
    var p = scene.xyz, n = p.length / 3, along = new Float32Array(n), low = Infinity, high = -Infinity;
    for (var i = 0; i < n; i++) {
      along[i] = p[3 * i] * eye.x + p[3 * i + 1] * eye.y + p[3 * i + 2] * eye.z;
      low = Math.min(low, along[i]); high = Math.max(high, along[i]);
    }
    var depth = Array.from(along, function (a) { return (high - a) / Math.max(high - low, 1e-9); });
    var base = Math.min(Math.max(0.8 * scene.box.clientWidth / Math.sqrt(n), 1.8), 9);
    return {
      size: depth.map(function (d) { return base * (1.3 - 0.6 * d); }),
      color: scene.value ? Array.from(scene.value) : depth.map(function (d) { return ink(scene.colour, d); })
    };
  }

  function every3(list, d) { return list.filter(function (_, i) { return i % 3 === d; }); }

  function trace(scene, eye) {
    var made = {hoverinfo: "skip", x: every3(scene.xyz, 0), y: every3(scene.xyz, 1), z: every3(scene.xyz, 2)};
    if (scene.faces) {
      var rgb = scene.colour.map(function (c) { return Math.round(255 * c); });
      return Object.assign(made, {
        type: "mesh3d", i: every3(scene.faces, 0), j: every3(scene.faces, 1), k: every3(scene.faces, 2),
        color: "rgb(" + rgb.join() + ")", flatshading: false,
        lighting: {ambient: 0.45, diffuse: 0.7, specular: 0.1, roughness: 0.8, facenormalsepsilon: 0}
      });
    }
    var marker = look(scene, eye);
    marker.line = {width: 0};
    if (scene.value) { marker.cmin = 0; marker.cmax = 255; marker.colorscale = @COLORSCALE@; }
    return Object.assign(made, {type: "scatter3d", mode: "markers", marker: marker});
  }

  function setUp(Plotly, figure) {
    var start = JSON.parse(figure.dataset.camera), camera = start, live = false, busy = false;
    var scenes = Array.from(figure.querySelectorAll(".pcl-scene"), function (box) {
      var cloud = JSON.parse(box.dataset.cloud);
      return {
        box: box, still: box.querySelector("img"), colour: cloud.colour,
        xyz: new Int16Array(bytes(cloud.xyz).buffer), value: cloud.value ? bytes(cloud.value) : null,
        faces: cloud.faces ? new Uint16Array(bytes(cloud.faces).buffer) : null
      };
    });

    function draw() {
      live = true;
      scenes.forEach(function (scene) {
        var axis = {visible: false, range: [-FULL, FULL], showspikes: false};
        scene.canvas = document.createElement("div");
        scene.canvas.className = "pcl-canvas";
        scene.canvas.style.cssText = "position:absolute;inset:0";
        scene.box.appendChild(scene.canvas);
        scene.still.style.visibility = "hidden";
        Plotly.newPlot(scene.canvas, [trace(scene, camera.eye)], {
          margin: {l: 0, r: 0, t: 0, b: 0}, paper_bgcolor: "rgba(0,0,0,0)", showlegend: false,
          scene: {xaxis: axis, yaxis: axis, zaxis: axis, aspectmode: "cube", dragmode: "turntable", camera: camera}
        }, {displayModeBar: false, displaylogo: false, responsive: true, scrollZoom: false});
        // The wheel scrolls the page, as everywhere else.
        scene.canvas.addEventListener("wheel", function (event) { event.stopPropagation(); }, true);
        scene.canvas.on("plotly_relayout", function (change) {
          if (!busy && change && change["scene.camera"]) turn(change["scene.camera"]);
        });
      });
      figure.classList.add("pcl-live");
    }

    // Everything in one figure is seen from the same side.
    function turn(next) {
      camera = next;
      busy = true;
      Promise.all(scenes.map(function (scene) {
        if (scene.faces) return Plotly.relayout(scene.canvas, {"scene.camera": camera});
        var marker = look(scene, camera.eye), ink = {"marker.size": [marker.size]};
        if (!scene.value) ink["marker.color"] = [marker.color];
        return Plotly.update(scene.canvas, ink, {"scene.camera": camera});
      })).then(function () { busy = false; });
    }

    function clear() {
      live = false;
      scenes.forEach(function (scene) {
        Plotly.purge(scene.canvas);
        scene.canvas.remove();
        scene.still.style.visibility = "";
      });
      figure.classList.remove("pcl-live");
    }

    // Only now do the keys turn it: a picture until here, and where the script cannot run. As an application it gets
    // the arrow keys from a screen reader too, which is told of them by the hint under the figure.
    var hint = figure.parentNode.querySelector(".pcl-hint");
    if (hint) {
      hint.id = hint.id || "pcl-hint-" + document.querySelectorAll(".pcl-hint[id]").length;
      figure.setAttribute("aria-describedby", hint.id);
    }
    figure.setAttribute("role", "application");
    figure.setAttribute("aria-roledescription", "figure that turns");
    figure.tabIndex = 0;

    figure.addEventListener("keydown", function (event) {
      if (!live) return;
      var e = camera.eye, r = Math.hypot(e.x, e.y, e.z), up = Math.asin(e.z / r), round = Math.atan2(e.y, e.x);
      switch (event.key) {
        case "ArrowLeft": round -= STEP; break;
        case "ArrowRight": round += STEP; break;
        case "ArrowUp": up = Math.min(up + STEP, 1.5); break;
        case "ArrowDown": up = Math.max(up - STEP, -1.5); break;
        case "+": r *= 0.9; break;
        case "-": r /= 0.9; break;
        case "0": event.preventDefault(); turn(start); return;
        default: return;
      }
      event.preventDefault();
      turn({up: {x: 0, y: 0, z: 1}, center: {x: 0, y: 0, z: 0}, eye: {
        x: r * Math.cos(up) * Math.cos(round), y: r * Math.cos(up) * Math.sin(round), z: r * Math.sin(up)
      }});
    });

    // Browsers keep about sixteen WebGL pictures alive; those far outside the window give theirs back.
    whenNear(figure, function (near) {
      if (near && !live) draw();
      if (!near && live) clear();
    });
  }

  function whenNear(figure, tell) {
    var observer = new IntersectionObserver(function (entries) {
      tell(entries[entries.length - 1].isIntersecting, observer);
    }, {rootMargin: "400px"});
    observer.observe(figure);
  }

  return function () {
    var waiting = document.querySelectorAll(".pcl-plotly:not([data-ready])");
    waiting.forEach(function (figure) { figure.dataset.ready = ""; });
    if (!waiting.length || !hasWebGL()) return;
    waiting.forEach(function (figure) {
      whenNear(figure, function (near, observer) {
        if (!near) return;
        observer.disconnect();
        loadPlotly().then(function (Plotly) {
          setUp(Plotly, figure);
        }, function (error) { console.warn(error.message + "; the still picture stays"); });
      });
    });
  };
})();
window.pclRotatable();
"""


def script() -> str:
    """The `<script>` element."""
    stops = [[round(float(t), 4), to_hex(value_map()(float(t)))] for t in np.linspace(0, 1, 17)]
    filled = SCRIPT.replace("@VERSION@", get_plotlyjs_version()).replace("@COLORSCALE@", json.dumps(stops))
    return f"<script>{filled}</script>"
