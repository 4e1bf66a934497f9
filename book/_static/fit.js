// What is too wide for the screen. Without this script it scrolls.

// 1. A table that is wider than its place. On a desktop it takes the free margin beside the text, where the list of
//    sections makes room for it; on a phone each row becomes a card: its head as a title, the verdict before the rest.
(function () {
  const NARROW = window.matchMedia("(max-width: 600px)");
  const PLACES = "main :is(.pcl-table > div, .pst-scrollable-table-container)";
  const ROLES = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell" };
  const SHORT = 20; // letters
  const MOST_COLUMNS = 3; // of a table on a phone: in more, each word has a line of its own
  const TALLEST = 150; // CSS pixels of a row of a table on a phone, about six lines
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
        const words = [...cell.childNodes].every((node) => node.nodeType === Node.TEXT_NODE || node.matches("span"));
        const short = (words || cell.childNodes.length === 1) && cell.textContent.trim().length <= SHORT;
        cell.classList.toggle("pcl-card-line", i > 0 && short); // with its label on one line
        if (i > 0 && short && cell.childNodes.length > 1) { // its words are one part of that line
          const own = document.createElement("span");
          own.className = "pcl-card-own";
          own.append(...cell.childNodes);
          cell.append(own);
        }
        cell.classList.toggle("pcl-card-none", !cell.matches(".pcl-ours") && cell.textContent.trim() === "–");
        const empty = !cell.textContent.trim() && !cell.querySelector("img, svg");
        if (i > 0 && heads[i].textContent.trim() && !empty) cell.prepend(label(heads[i]));
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
    table.querySelectorAll(".pcl-card-own").forEach((own) => own.replaceWith(...own.childNodes));
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
    // As wide as its columns would be with all the room.
    block.classList.add("pcl-wide");
    block.style.setProperty("--pcl-wide", room + "px");
    block.style.setProperty("--pcl-wide", Math.min(room, table.offsetWidth + frame) + "px");
    watcher.observe(block);
  }

  function settle() {
    document.querySelectorAll(PLACES).forEach((place) => {
      const table = place.querySelector("table");
      if (!table || table.matches(".pcl-cards")) return;
      const columns = table.tHead?.rows[0]?.cells.length;
      const tall = () => [...table.querySelectorAll("tbody tr")].some((row) => row.offsetHeight > TALLEST);
      const crowded = NARROW.matches && (columns > MOST_COLUMNS || (columns > 2 && tall()));
      if (!crowded && place.scrollWidth <= place.clientWidth + 1) return;
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

// 2. Pictures side by side in one image are shown one under the other on a phone, where lettering would be too small.
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
