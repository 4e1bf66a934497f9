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
  function mend() {
    // A name that hides the words on the button: they are its name.
    document.querySelectorAll("summary[aria-label], .search-button-field[aria-label]").forEach((control) => {
      control.removeAttribute("aria-label");
    });
    // The button has a name of its own; those of its three icons, of which one is seen, are not on it.
    document.querySelectorAll(".theme-switch-button :is(i, svg)").forEach((icon) => {
      icon.removeAttribute("title");
      icon.setAttribute("aria-hidden", "true");
      icon.querySelectorAll("title").forEach((title) => title.remove());
    });
    // A list holds items; the role of the entries is deprecated, and no list item.
    document.querySelectorAll(".citation-list > .citation").forEach((entry) => entry.setAttribute("role", "listitem"));
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mend);
  else mend();
  window.addEventListener("load", mend); // the icons are drawn after the page
})();

// 5. On paper everything is open, dark ink is on white, and a table that is wider than the sheet shrinks to it.
(function () {
  const SHEET = 640; // CSS pixels of text on A4 and on Letter, whichever margins the reader takes
  let undo = [];

  function leastWidth(table) {
    const before = table.style.cssText;
    table.style.cssText += ";width:min-content!important;min-width:0!important;max-width:none!important";
    const width = table.offsetWidth;
    table.style.cssText = before;
    return width;
  }

  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details:not([open])").forEach((details) => {
      details.open = true;
      undo.push(() => { details.open = false; });
    });
    document.querySelectorAll("main table").forEach((table) => {
      const width = leastWidth(table);
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

// 6. A table that is wider than its place. On a desktop it takes the free margin beside the text, where the list of
//    sections makes room for it; on a phone each row becomes a card: its head as a title, the verdict before the rest.
(function () {
  const NARROW = window.matchMedia("(max-width: 600px)");
  const PLACES = "main :is(.pcl-table > div, .pst-scrollable-table-container)";
  const ROLES = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell" };
  const SHORT = 20; // letters
  const GAP = 24; // CSS pixels between a wide table and the edge of the window

  function isPlain(table) {
    const heads = table.tHead?.rows.length === 1 ? table.tHead.rows[0].cells.length : 0;
    return heads > 1 && [...table.tBodies].every((body) => [...body.rows].every((row) => row.cells.length === heads))
      && !table.querySelector("[colspan], [rowspan]");
  }

  function label(head) {
    const words = document.createElement("span");
    words.className = "pcl-card-label";
    words.setAttribute("aria-hidden", "true"); // the head of the column says it to a screen reader
    words.append(...head.cloneNode(true).childNodes);
    words.querySelectorAll("a").forEach((link) => link.replaceWith(...link.childNodes));
    words.querySelectorAll("[id], [tabindex]").forEach((part) => {
      part.removeAttribute("id");
      part.removeAttribute("tabindex");
    });
    return words;
  }

  function roleOf(part) {
    if (part.tagName === "TH") return part.closest("thead") ? "columnheader" : "rowheader";
    return ROLES[part.tagName];
  }

  function toCards(table) {
    const heads = [...table.tHead.rows[0].cells];
    const verdict = heads.findIndex((head) => /^\s*verdict/i.test(head.textContent));
    for (const body of table.tBodies) for (const row of body.rows) {
      [...row.cells].forEach((cell, i) => {
        const short = cell.childNodes.length === 1 && cell.textContent.trim().length <= SHORT;
        cell.classList.toggle("pcl-card-line", i > 0 && short); // with its label on one line
        if (i > 0 && heads[i].textContent.trim()) cell.prepend(label(heads[i]));
        cell.classList.toggle("pcl-card-first", i > 0 && i === verdict);
      });
    }
    // What is laid out as blocks is no table to a browser any more, unless it is told so.
    [table, ...table.querySelectorAll("thead, tbody, tr, th, td")].forEach((part) => {
      part.setAttribute("role", roleOf(part));
    });
    table.classList.add("pcl-cards");
  }

  function toTable(table) {
    table.querySelectorAll(".pcl-card-label").forEach((words) => words.remove());
    [table, ...table.querySelectorAll("[role]")].forEach((part) => {
      if (part.getAttribute("role") === roleOf(part)) part.removeAttribute("role");
    });
    table.classList.remove("pcl-cards");
  }

  const seen = new Set();
  const watcher = new IntersectionObserver((entries) => {
    entries.forEach((entry) => { seen[entry.isIntersecting ? "add" : "delete"](entry.target); });
    document.body.classList.toggle("pcl-beside", seen.size > 0);
  });

  function widen(place, table) {
    const block = place.closest("figure") || place;
    if (block.closest(".admonition, details, li")) return; // their frame would be left
    const left = block.getBoundingClientRect().left;
    const room = document.documentElement.clientWidth - left - GAP;
    if (room < place.clientWidth + GAP) return;
    const frame = block.offsetWidth - place.clientWidth;
    block.classList.add("pcl-wide");
    block.style.setProperty("--pcl-wide", Math.min(room, table.offsetWidth + frame) + "px");
    watcher.observe(block);
  }

  function settle() {
    document.querySelectorAll(PLACES).forEach((place) => {
      const table = place.querySelector("table");
      if (!table || table.matches(".pcl-cards") || place.scrollWidth <= place.clientWidth + 1) return;
      if (!NARROW.matches) widen(place, table);
      else if (isPlain(table)) toCards(table);
    });
  }

  function reset() {
    document.querySelectorAll("table.pcl-cards").forEach(toTable);
    document.querySelectorAll(".pcl-wide").forEach((block) => {
      block.classList.remove("pcl-wide");
      watcher.unobserve(block);
    });
    seen.clear();
    document.body.classList.remove("pcl-beside");
  }

  function watch() {
    const main = document.querySelector("main");
    if (!main) return;
    let width = window.innerWidth;
    window.addEventListener("resize", () => {
      if (window.innerWidth === width) return; // a phone's bars come and go
      width = window.innerWidth;
      reset();
      settle();
    });
    new ResizeObserver(settle).observe(main);
    main.addEventListener("toggle", settle, true);
    window.addEventListener("beforeprint", reset);
    window.addEventListener("afterprint", settle);
    settle();
  }
  // Formulas in the heads are set first: the labels are copies of them.
  window.addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    watch();
  });
})();

// 7. Pictures side by side in one image are shown one under the other on a phone, where lettering would be too small.
(function () {
  const NARROW = window.matchMedia("(max-width: 600px)");
  const SMALLEST = 0.75; // of the size that the lettering was drawn for

  function part(image, [left, top, width, height], first) {
    const box = document.createElement("div"), copy = image.cloneNode();
    const across = width * image.getAttribute("width"), down = height * image.getAttribute("height");
    box.className = "pcl-part";
    box.style.cssText = `max-width:${across}px;aspect-ratio:${across}/${down}`;
    copy.style.cssText = `position:absolute;max-width:none;width:${100 / width}%;`
      + `left:${-100 * left / width}%;top:${-100 * top / height}%`;
    if (!first) copy.alt = ""; // the first one says it all
    box.append(copy);
    return box;
  }

  function settle() {
    document.querySelectorAll("main .pcl-scroll[data-parts]").forEach((place) => {
      const image = place.querySelector(":scope > img"), stack = place.querySelector(":scope > .pcl-stack");
      if (!image) return;
      const small = NARROW.matches && place.clientWidth < SMALLEST * image.getAttribute("width");
      if (small && place.clientWidth && !stack) {
        const made = document.createElement("div");
        made.className = "pcl-stack";
        made.append(...place.dataset.parts.split(";").map((cut, i) => part(image, cut.split(" ").map(Number), i === 0)));
        place.append(made);
        place.classList.add("pcl-stacked");
      } else if (!NARROW.matches && stack) {
        stack.remove();
        place.classList.remove("pcl-stacked");
      }
    });
  }

  let waiting = false;
  function soon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; settle(); });
  }
  function watch() {
    const main = document.querySelector("main");
    if (!main) return;
    // The pictures of a slider are put on the page one at a time.
    new MutationObserver(soon).observe(main, { childList: true, subtree: true });
    new ResizeObserver(soon).observe(main);
    main.addEventListener("toggle", soon, true);
    NARROW.addEventListener("change", soon);
    settle();
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", watch);
  else watch();
})();
