/* The node table: the accessible twin of the canvas, drawn from what is on it. Sort, filter, pages, selection both ways. */
"use strict";

Guanxi.table = (() => {
  const { page, say, number, element, debounce } = Guanxi;
  const ROWS = 100;
  const ROOMY = 860; // pixels of height from which the table is open unless the user has closed it
  const KEPT = "guanxi.table"; // the user's choice; nothing else is kept in the browser
  const COLUMNS = ["caption", "type", "grade", "score", "hop", "degree"];
  const NUMERIC = new Set(["score", "hop", "degree"]);
  let sort = { column: "hop", down: false };
  let filter = "";
  let first = 0;

  function typeName(data) {
    if (data.kind === "COMMUNITY") return say("community.heading");
    const names = page.types?.[data.type];
    return names ? names[page.lang] : data.type;
  }

  function valueOf(data, column) {
    if (column === "type") return typeName(data);
    if (column === "grade") return data.grade === "-" ? "Z" : data.grade;
    return data[column] ?? (NUMERIC.has(column) ? Infinity : "");
  }

  function rows() {
    const live = Guanxi.canvas.cy();
    if (!live) return [];
    const wanted = filter.trim().toLowerCase();
    const found = live.nodes().map((node) => node.data())
      .filter((data) => !wanted || `${data.caption} ${typeName(data)} ${data.grade}`.toLowerCase().includes(wanted));
    const sign = sort.down ? -1 : 1;
    return found.sort((a, b) => {
      const [x, y] = [valueOf(a, sort.column), valueOf(b, sort.column)];
      const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), page.lang);
      return Number.isNaN(order) || order === 0 ? Number(b.subject) - Number(a.subject) : sign * order;
    });
  }

  /* The frame of the panel, made anew only when the language changes. */
  function frame() {
    const panel = document.getElementById("table-panel");
    if (!panel || !page.words["table.heading"]) return null; // the words have not come yet: they draw again
    const drawn = `${page.lang} ${Boolean(page.view?.aggregated)}`;
    if (panel.dataset.drawn === drawn) return panel;
    panel.dataset.drawn = drawn;
    panel.setAttribute("aria-label", say("table.heading"));
    const input = element("input", { id: "table-filter", type: "search", class: "field small", placeholder: say("table.filter"),
      "aria-label": say("table.filter"), autocomplete: "off" });
    input.value = filter;
    input.addEventListener("input", debounce(() => { filter = input.value; first = 0; draw(); }, 120));
    const toggle = element("button", { id: "table-toggle", type: "button", class: "table-toggle" },
      element("span", { class: "caret", "aria-hidden": "true" }), element("span", {}, say("table.heading")));
    toggle.addEventListener("click", flip);
    const head = element("thead", {}, element("tr", {}, ...COLUMNS.map(columnHead)));
    panel.replaceChildren(
      element("div", { class: "table-head" }, toggle, element("span", { id: "table-count", class: "quiet" }),
        element("span", { id: "table-selected", class: "table-selected" }), element("div", { class: "table-tools" }, input,
          element("span", { id: "table-pages", class: "pages" }))),
      element("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": say("table.heading") },
        element("table", { class: "nodes" }, head, element("tbody", { id: "table-rows" }))),
    );
    open((window.localStorage.getItem(KEPT) ?? (window.innerHeight >= ROOMY ? "1" : "0")) === "1");
    return panel;
  }

  function columnHead(column) {
    const name = say(column === "degree" && page.view?.aggregated ? "table.members" : `table.${column}`);
    const button = element("button", { type: "button", title: say("table.sort", { column: name }) }, name,
      element("span", { class: "arrow", "aria-hidden": "true" }));
    button.addEventListener("click", () => {
      sort = { column, down: sort.column === column ? !sort.down : NUMERIC.has(column) && column !== "hop" };
      first = 0;
      draw();
    });
    return element("th", { scope: "col", "data-column": column, class: NUMERIC.has(column) ? "count" : null }, button);
  }

  function draw() {
    const panel = frame();
    if (!panel || !page.view?.key || panel.dataset.open !== "1") { count(); return; }
    const all = rows();
    first = Math.min(first, Math.max(Math.floor((all.length - 1) / ROWS) * ROWS, 0));
    const body = document.getElementById("table-rows");
    const empty = element("tr", {}, element("td", { colspan: COLUMNS.length, class: "hint" }, say("table.empty")));
    body.replaceChildren(...(all.length ? all.slice(first, first + ROWS).map(row) : [empty]));
    for (const head of panel.querySelectorAll("th[data-column]")) {
      const here = head.dataset.column === sort.column;
      if (here) head.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    pages(all.length);
    count();
    mark();
  }

  function row(data) {
    const name = element("button", { type: "button", class: "row-name", "aria-pressed": "false" }, data.caption);
    const grade = element("span", { class: "grade" }, data.grade === "-" ? "–" : data.grade);
    Object.assign(grade.style, page.grades?.[data.grade] ?? {});
    const caption = element("td", {}, name, data.subject ? element("span", { class: "chip tiny" }, say("table.subject")) : null);
    const shown = data.total ? ` (${number(data.shown)} / ${number(data.total)})` : "";
    const made = element("tr", { "data-id": data.id }, caption,
      element("td", {}, typeName(data)), element("td", {}, grade),
      element("td", { class: "count" }, data.score === null || data.score === undefined ? "–" : Number(data.score).toFixed(3)),
      element("td", { class: "count" }, data.hop ?? "–"),
      element("td", { class: "count" }, data.kind === "COMMUNITY" ? number(data.members) : number(data.degree) + shown));
    made.addEventListener("click", (event) => {
      Guanxi.selection.choose([data.id], { add: event.ctrlKey || event.metaKey || event.shiftKey });
    });
    made.addEventListener("dblclick", () => Guanxi.history.expand(data.id));
    return made;
  }

  /* Arrow keys walk through the rows. */
  function onKey(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const here = event.target.closest("tr[data-id]");
    const next = event.key === "ArrowDown" ? here?.nextElementSibling : here?.previousElementSibling;
    if (!next) return;
    event.preventDefault();
    next.querySelector(".row-name")?.focus();
  }

  function mark() {
    const live = Guanxi.canvas.cy();
    if (!live) return;
    const selected = new Set(live.nodes(":selected").map((node) => node.id()));
    let shown = null;
    for (const line of document.querySelectorAll("#table-rows tr[data-id]")) {
      const here = selected.has(line.dataset.id);
      line.classList.toggle("selected", here);
      line.querySelector(".row-name").setAttribute("aria-pressed", String(here));
      shown ??= here ? line : null;
    }
    const focused = document.activeElement?.closest?.("#table-rows");
    if (shown && !focused) shown.scrollIntoView({ block: "nearest" });
    const words = document.getElementById("table-selected");
    if (words) words.textContent = selected.size ? say("table.selected", { n: number(selected.size) }) : "";
  }

  function count() {
    const live = Guanxi.canvas.cy();
    const words = document.getElementById("table-count");
    if (live && words) words.textContent = say("canvas.count", { nodes: number(live.nodes().length), edges: number(live.edges().length) });
  }

  function pages(n) {
    const box = document.getElementById("table-pages");
    if (n <= ROWS) { box.replaceChildren(); return; }
    const turn = (label, mark_, to, possible) => {
      const button = element("button", { type: "button", class: "icon-button small", "aria-label": label, title: label, disabled: !possible }, mark_);
      button.addEventListener("click", () => { first = to; draw(); });
      return button;
    };
    box.replaceChildren(
      element("span", {}, say("table.page", { from: number(first + 1), to: number(Math.min(first + ROWS, n)), n: number(n) })),
      turn(say("table.before"), "‹", first - ROWS, first > 0), turn(say("table.after"), "›", first + ROWS, first + ROWS < n));
  }

  function open(wanted) {
    const panel = document.getElementById("table-panel");
    if (!panel) return;
    panel.dataset.open = wanted ? "1" : "0";
    const toggle = document.getElementById("table-toggle");
    toggle?.setAttribute("aria-expanded", String(wanted));
    if (toggle) toggle.title = say(wanted ? "table.hide" : "table.show");
    if (wanted) draw();
  }

  function flip() {
    const wanted = document.getElementById("table-panel")?.dataset.open !== "1";
    window.localStorage.setItem(KEPT, wanted ? "1" : "0");
    open(wanted);
  }

  function restart() { filter = ""; first = 0; sort = { column: "hop", down: false };
    const input = document.getElementById("table-filter");
    if (input) input.value = ""; }

  document.addEventListener("keydown", (event) => { if (event.target.closest?.("#table-rows")) onKey(event); });

  return { draw, mark, open, typeName, restart, toggle: flip };
})();
