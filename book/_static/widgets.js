// Small repairs of the page; everything works without a kernel and without a network.

// 1. Play's buttons. FontAwesome's script would replace each <i> by an <svg>; the widget keeps its reference to the
//    <i> and its clicks end nowhere. "nest" puts the <svg> inside the <i>.
window.FontAwesomeConfig = Object.assign(window.FontAwesomeConfig || {}, { autoReplaceSvg: "nest" });
if (window.FontAwesome && window.FontAwesome.config) window.FontAwesome.config.autoReplaceSvg = "nest";

// 2. Names for the controls of a series of pictures, which the widgets leave nameless for screen readers; the slider
//    says the label of the picture that is shown.
(function () {
  function shownLabel(box) {
    const labels = box.querySelectorAll(".pcl-label");
    for (const label of labels) if (label.offsetParent !== null) return label.textContent;
    return "";
  }

  function nameControls(box) {
    const names = ["Play or pause", "Back to the first picture", "Repeat"];
    box.querySelectorAll(".widget-play button").forEach((button, i) => {
      if (!button.hasAttribute("aria-label")) button.setAttribute("aria-label", names[i] || "Play");
    });
    box.querySelectorAll(".noUi-handle").forEach((handle) => {
      if (handle.getAttribute("aria-label") !== "Picture") handle.setAttribute("aria-label", "Picture");
      const text = shownLabel(box);
      if (text && handle.getAttribute("aria-valuetext") !== text) handle.setAttribute("aria-valuetext", text);
    });
  }

  // The widgets appear some time after the page, and the slider writes its own number after each move.
  function watch() {
    const update = () => document.querySelectorAll(".pcl-frames").forEach(nameControls);
    let waiting = false;
    new MutationObserver(() => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; update(); });
    }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-valuetext"] });
    update();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", watch);
  else watch();
})();

// 3. On paper everything is open, and dark ink on white.
(function () {
  let undo = [];
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details:not([open])").forEach((details) => {
      details.open = true;
      undo.push(() => { details.open = false; });
    });
    const root = document.documentElement, theme = root.dataset.theme;
    if (theme === "dark") {
      root.dataset.theme = "light";
      undo.push(() => { root.dataset.theme = theme; });
    }
  });
  window.addEventListener("afterprint", () => { undo.forEach((step) => step()); undo = []; });
})();
