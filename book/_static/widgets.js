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

// 3. What scrolls sideways can be reached and scrolled by the keyboard, and has a name. A stop for each figure that
//    does not scroll would make the way through the page longer for nothing, so it depends on the width.
(function () {
  const PARTS = ".pcl-scroll, .pcl-table > div, .cell_output > *, .output, .math, pre, .pst-scrollable-table-container";

  function nameOf(part) {
    const caption = part.closest("figure")?.querySelector("figcaption");
    const words = part.querySelector("img[alt]")?.alt || caption?.textContent.trim();
    return words || (part.matches("pre") ? "Code" : part.matches(".math") ? "Formula" : "Wide content");
  }

  function update() {
    document.querySelectorAll("main :is(" + PARTS + ")").forEach((part) => {
      const scrolls = part.scrollWidth > part.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(part).overflowX);
      part.classList.toggle("pcl-overflows", scrolls);
      if (scrolls && !part.hasAttribute("tabindex")) {
        part.tabIndex = 0;
        part.dataset.pclStop = "";
        if (!part.hasAttribute("role") && !part.hasAttribute("aria-label")) {
          part.setAttribute("role", "group");
          part.setAttribute("aria-label", nameOf(part) + " (scrolls sideways)");
          part.dataset.pclStop = "named";
        }
      } else if (!scrolls && "pclStop" in part.dataset) {
        part.removeAttribute("tabindex");
        if (part.dataset.pclStop === "named") { part.removeAttribute("role"); part.removeAttribute("aria-label"); }
        delete part.dataset.pclStop;
      }
    });
  }

  // Formulas, widgets and the text of opened folds get their size late; each change of a size is a reason to look.
  let waiting = false;
  function soon() {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; update(); }, 100);
  }
  function watch() {
    const main = document.querySelector("main");
    if (!main) return;
    new ResizeObserver(soon).observe(main);
    window.addEventListener("resize", soon);
    main.addEventListener("toggle", soon, true);
    main.addEventListener("click", soon);
    soon();
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", watch);
  else watch();
})();

// 4. Names and roles that the theme and the extensions get wrong for a screen reader.
(function () {
  // The button has a name of its own; those of its three icons, of which one is seen, are not on it. The icons are drawn
  // as SVG, title and all, when the script that draws them gets to it: on a busy machine long after the page is loaded.
  function unnameIcons(button) {
    button.querySelectorAll("[title]").forEach((icon) => icon.removeAttribute("title"));
    button.querySelectorAll("title").forEach((title) => title.remove());
    button.querySelectorAll("i, svg").forEach((icon) => icon.setAttribute("aria-hidden", "true"));
  }
  function watchIcons(button) {
    unnameIcons(button);
    if (button.dataset.pclWatched) return;
    button.dataset.pclWatched = "icons";
    new MutationObserver(() => unnameIcons(button)).observe(button, { childList: true, subtree: true });
  }
  function mend() {
    // A name that hides the words on the button: they are its name.
    document.querySelectorAll("summary[aria-label], .search-button-field[aria-label]").forEach((control) => {
      control.removeAttribute("aria-label");
    });
    document.querySelectorAll(".theme-switch-button").forEach(watchIcons);
    // A list holds items; the role of the entries is deprecated, and no list item.
    document.querySelectorAll(".citation-list > .citation").forEach((entry) => entry.setAttribute("role", "listitem"));
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mend);
  else mend();
  window.addEventListener("load", mend);
})();

// 5. On paper everything is open, dark ink is on white, and a table that is wider than the sheet shrinks to it.
(function () {
  const SHEET = 640; // CSS pixels of text on A4 and on Letter, whichever margins the reader takes
  const SMALLEST = 0.8; // of the size of letters on paper, before numbers and their spread take two lines
  let undo = [];

  function leastWidth(table) {
    const before = table.style.cssText;
    table.classList.add("pcl-measured");
    table.style.cssText += ";width:min-content!important;min-width:0!important;max-width:none!important";
    const width = table.offsetWidth;
    table.style.cssText = before;
    table.classList.remove("pcl-measured");
    return width;
  }

  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details:not([open])").forEach((details) => {
      details.open = true;
      undo.push(() => { details.open = false; });
    });
    document.querySelectorAll("main table").forEach((table) => {
      let width = leastWidth(table);
      if (SHEET / width < SMALLEST) {
        table.classList.add("pcl-crowded");
        undo.push(() => { table.classList.remove("pcl-crowded"); });
        width = leastWidth(table);
      }
      if (width > SHEET) table.style.setProperty("--pcl-shrink", (SHEET / width).toFixed(3));
    });
    const root = document.documentElement, theme = root.dataset.theme;
    if (theme === "dark") {
      root.dataset.theme = "light";
      undo.push(() => { root.dataset.theme = theme; });
    }
  });
  window.addEventListener("afterprint", () => { undo.forEach((step) => step()); undo = []; });
})();
