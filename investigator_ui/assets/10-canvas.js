/* The canvas: finds Cytoscape's live instance, binds the events that dash-cytoscape does not offer, fits and highlights. */
"use strict";

Guanxi.canvas = (() => {
  const { page, say, number, tell, debounce, element } = Guanxi;
  const RICH = 300; // elements up to which the style is rich; the same limits as elements.py
  const READ_ONLY = 1500; // elements above which a view is read-only
  const NEAREST = 1.1; // fitting never zooms in further than this
  const PORTION = 1500; // elements added at once: between portions the page answers
  const [LEGEND, LEGEND_MOST] = [64, 90]; // pixels that are kept free for the legend: until it is there, and at most
  const SECOND_CLICK = 350; // milliseconds in which a click may become a double click: the window stays still
  let bound = null;
  let styled = ""; // the style sheet in use
  let opened = 0; // views so far: an earlier one stops filling the canvas
  let untouched = true; // the user has not moved the window since everything was fitted

  const cy = () => document.getElementById("graph")?._cyreg?.cy ?? null;

  const pause = (milliseconds = 0) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

  async function mounted() {
    while (!cy()) await pause(20);
    bind(cy());
    return cy();
  }

  /* A drawing as elements.py packs it: two numbers, the values of the fields, and what is unusual. */
  function unpack(text) {
    const { nodeFields, edgeFields, nodes, edges, nodeUsual, edgeUsual, names, style } = JSON.parse(text);
    const filled = (data, fields, row) => {
      fields.forEach((field, at) => { data[field] = row[at + 2]; });
      return data;
    };
    const ids = [];
    const elements = nodes.map((row) => {
      const data = filled({ ...nodeUsual }, nodeFields, row);
      data.label = data.caption;
      ids.push(data.id);
      return { group: "nodes", data: Object.assign(data, row[nodeFields.length + 2]), position: { x: row[0], y: row[1] } };
    });
    for (const row of edges) {
      const data = filled({ ...edgeUsual, source: ids[row[0]], target: ids[row[1]] }, edgeFields, row);
      [data.zh, data.en] = names[data.type] ?? ["", ""];
      elements.push({ group: "edges", data: Object.assign(data, row[edgeFields.length + 2]) });
    }
    return { elements, style };
  }

  /* Another view. Elements go to Cytoscape itself: as a property of the component each would be compared, copied and sent back on every change. */
  async function open(text, then = () => {}) {
    const mine = ++opened;
    const area = document.getElementById("canvas-area");
    const live = await mounted();
    if (mine !== opened) return;
    const { elements, style } = text ? unpack(text) : { elements: [], style: null };
    live.notifications(true);
    live.batch(() => { live.elements().remove(); });
    if (style) dress(live, style);
    if (elements.length > READ_ONLY) {
      area.dataset.filling = "1";
      await pause(30); // the sign that work goes on is painted first
      live.notifications(false); // nothing is drawn before all is there
    }
    for (let at = 0; at < elements.length; at += PORTION) {
      if (at > 0) await pause();
      if (mine !== opened) return;
      live.add(elements.slice(at, at + PORTION));
    }
    delete area.dataset.filling;
    then(live);
  }

  /* While nothing is open: what the first picture will need is made ready. `text` is a drawing without elements. Where that fails, the first picture
     takes longer. */
  async function warm(text) {
    try {
      const live = await mounted();
      const { style } = unpack(text);
      await Guanxi.warm.up(style, { live, unused: () => !page.view && cy() === live, dress: () => dress(live, style) });
    } catch (problem) {
      console.warn("The first picture could not be made ready:", problem);
    }
  }

  /* What was kept from being drawn until the window is right. */
  function reveal(live) {
    live.notifications(true);
    live.notify("add", live.elements());
  }

  const copied = (each) => ({ ...each, data: { ...each.data }, ...(each.position ? { position: { ...each.position } } : {}) });

  /* The same view with other elements: what stays is not touched where nothing about it has changed. */
  function update(elements, then = () => {}) {
    const live = cy();
    if (!live) return;
    const wanted = new Set(elements.map((each) => each.data.id));
    live.batch(() => {
      live.elements().filter((each) => !wanted.has(each.id())).remove();
      const fresh = [];
      for (const each of elements) {
        const there = live.getElementById(each.data.id);
        if (there.empty()) { fresh.push(copied(each)); continue; }
        const now = there.data();
        if (Object.keys(each.data).some((name) => now[name] !== each.data[name])) there.data(each.data);
        if (each.position && (there.position("x") !== each.position.x || there.position("y") !== each.position.y)) there.position({ ...each.position });
      }
      live.add(fresh);
    });
    requestAnimationFrame(() => then(live));
  }

  async function restyle(style) {
    dress(await mounted(), style);
  }

  /* Most views have the same style sheet, and reading it takes longer than comparing it. */
  function dress(live, style) {
    const said = JSON.stringify(style);
    if (said === styled) return;
    styled = said;
    live.style().fromJson(style).update();
  }

  function bind(live) {
    if (bound === live) return;
    bound = live;
    styled = ""; // another instance has not read it
    // What dash-cytoscape tells its server about hovering, selecting and all elements: nobody asks for it, and with thousands it takes seconds.
    live.off("tap mouseover mouseout select unselect add remove dragfree viewport");
    live.multiClickDebounceTime?.(SECOND_CLICK);
    live.on("dbltap", "node", (event) => doubleTapped(event.target));
    live.on("select unselect", () => Guanxi.selection.changed());
    live.on("mouseover", "node, edge", (event) => hover(event.target, event.renderedPosition));
    live.on("mouseout", "node, edge", (event) => leave(event.target));
    live.on("dragpan scrollzoom pinchzoom", () => { untouched = false; });
    live.on("viewport drag", () => hideCard());
    live.on("add remove data", () => changed());
  }

  function doubleTapped(node) {
    if (Guanxi.links.active()) return;
    if (node.data("kind") === "COMMUNITY") Guanxi.openCommunity(node.id());
    else if (page.view?.readOnly) Guanxi.openSubject(node.id());
    else Guanxi.history.expand(node.id());
  }

  /* What is on the canvas has changed: the table, and where it is no longer what the server sent, overview, notices and style. */
  const changed = debounce(() => {
    const live = cy();
    if (!live || !page.view?.key) return;
    const [nodes, edges] = [live.nodes().length, live.edges().length];
    const now = `${page.view.key} ${nodes} ${edges}`;
    if (now !== page.counted) {
      page.counted = now;
      tell("canvas", { data: { key: page.view.key, nodes, edges, ...counts(live) } });
    }
    const density = densityOf(nodes + edges, page.view.aggregated);
    if (density !== page.density) { page.density = density; tell("density", { data: density }); }
    Guanxi.table.draw();
  }, 40);

  function densityOf(elements, aggregated) {
    if (elements <= RICH || aggregated) return "rich";
    return page.view?.readOnly ? "overview" : "cheap";
  }

  function counts(live) {
    const found = new Map();
    live.nodes().forEach((node) => {
      const { grade, type, subject } = node.data();
      const key = `${grade}|${type}|${subject}`;
      const count = found.get(key) ?? { grade, type, subject: Boolean(subject), count: 0 };
      count.count += 1;
      found.set(key, count);
    });
    const hubs = live.nodes("[total]").map((node) => node.data()).filter((data) => data.total > data.shown)
      .map(({ id, caption, shown, total }) => ({ id, caption, shown, total }));
    return { counts: [...found.values()], hubs };
  }

  /* Of thousands, where their nodes are: what they and their captions look like takes too long to work out. */
  function boxOf(elements) {
    if (elements.length <= READ_ONLY) return elements.boundingBox({ includeOverlays: false });
    let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
    elements.nodes().forEach((node) => {
      const { x, y } = node.position();
      [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x), Math.max(y2, y)];
    });
    return { x1: x1 - 60, y1: y1 - 60, x2: x2 + 60, y2: y2 + 60, w: x2 - x1 + 120, h: y2 - y1 + 120 };
  }

  /* Pan and zoom that show these elements between the floating tools. */
  function viewportOf(live, elements) {
    const box = boxOf(elements);
    const legend = document.getElementById("legend");
    const taken = legend?.childElementCount ? legend.offsetHeight : LEGEND; // it is drawn after the picture
    const [left, top, right, bottom] = [30, 58, 30, Math.min(taken, LEGEND_MOST) + 26];
    const width = Math.max(live.width() - left - right, 50);
    const height = Math.max(live.height() - top - bottom, 50);
    const zoom = Math.min(width / Math.max(box.w, 1), height / Math.max(box.h, 1), NEAREST);
    return {
      zoom,
      pan: {
        x: left + (width - zoom * (box.x1 + box.x2)) / 2,
        y: top + (height - zoom * (box.y1 + box.y2)) / 2,
      },
    };
  }

  function fit(elements = null, { animate = true } = {}) {
    const live = cy();
    if (!live) return;
    const shown = elements && elements.nonempty() ? elements : live.elements();
    if (shown.empty()) return;
    untouched = shown.length === live.elements().length;
    const target = viewportOf(live, shown);
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches || live.elements().length > RICH;
    live.stop(true);
    if (animate && !still) live.animate(target, { duration: 260, easing: "ease-out" });
    else live.viewport(target);
  }

  function zoomBy(factor) {
    const live = cy();
    if (!live) return;
    untouched = false;
    live.zoom({ level: live.zoom() * factor, renderedPosition: { x: live.width() / 2, y: live.height() / 2 } });
  }

  function hover(target, at) {
    const live = cy();
    target.addClass("over");
    if (target.isNode() && live.elements().length <= READ_ONLY) target.connectedEdges().addClass("near");
    live.container().style.cursor = "pointer";
    if (target.isNode()) showCard(target.data(), at);
  }

  function leave(target) {
    target.removeClass("over");
    if (target.isNode()) target.connectedEdges().removeClass("near");
    cy().container().style.cursor = "";
    hideCard();
  }

  function showCard(data, at) {
    const card = document.getElementById("hover-card");
    if (!card) return;
    const type = Guanxi.table.typeName(data);
    const grade = data.grade === "-" ? say("risk.ungraded") : data.grade;
    const lines = [element("strong", {}, data.caption), element("span", {}, `${type} · ${grade}`)];
    if (data.kind !== "COMMUNITY") {
      const shown = cy().getElementById(data.id).connectedEdges().length;
      lines.push(element("span", {}, say("canvas.hover", { shown: number(Math.min(shown, data.degree)), total: number(data.degree) })));
    }
    card.replaceChildren(...lines);
    card.hidden = false;
    const area = card.parentElement.getBoundingClientRect();
    card.style.left = `${Math.min(at.x + 16, area.width - card.offsetWidth - 8)}px`;
    card.style.top = `${Math.min(at.y + 16, area.height - card.offsetHeight - 8)}px`;
  }

  function hideCard() {
    const card = document.getElementById("hover-card");
    if (card) card.hidden = true;
  }

  /* The canvas keeps its size in pixels: a panel has opened or closed. What was fitted stays fitted, so that a drawer hides nothing; else what is
     selected stays in view. */
  function resized() {
    const live = cy();
    if (!live) return;
    live.resize();
    const settle = () => {
      const selected = live.elements(":selected");
      if (untouched) fit(null, { animate: false });
      else if (selected.nonempty()) Guanxi.selection.bringIntoView(live, selected);
    };
    if (live.elements(":selected").nonempty()) setTimeout(settle, SECOND_CLICK);
    else settle();
  }

  /* Once the area of a new view stands: everything in the window. A view that was left meanwhile is not told to be drawn. */
  function fitWhenSettled(mine = opened, tries = 40) {
    if (mine !== opened) return;
    const ready = document.getElementById("page").dataset.state === "graph";
    if (!ready && tries > 0) { setTimeout(() => fitWhenSettled(mine, tries - 1), 25); return; }
    const live = cy();
    const renderer = live?.renderer(); // while a large picture is moved, it is moved as a picture, without lines
    const large = live?.elements().length > READ_ONLY;
    for (const cheaper of ["hideEdgesOnViewport", "textureOnViewport"]) if (cheaper in renderer) renderer[cheaper] = large;
    live?.notifications(true);
    live?.resize();
    fit(null, { animate: false });
    if (live) reveal(live);
    document.getElementById("page").dataset.drawn = page.view?.key ?? "";
  }

  function watchSize() {
    const area = document.getElementById("canvas-area");
    if (!area || area.dataset.watched) return;
    area.dataset.watched = "1";
    const watcher = new ResizeObserver(resized);
    watcher.observe(area);
    watcher.observe(document.getElementById("legend")); // it takes room from the picture
  }

  return { cy, READ_ONLY, SECOND_CLICK, densityOf, open, warm, update, restyle, changed, fit, fitWhenSettled, zoomBy, watchSize };
})();
