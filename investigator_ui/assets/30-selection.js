/* Selection: canvas, table, overview and inspector show the same nodes. Rows of the overview and the legend find nodes. */
"use strict";

Guanxi.selection = (() => {
  const { say, tell, toast, debounce } = Guanxi;
  let told = JSON.stringify([[], null, null]); // what the inspector was told last
  let opening = null;
  let foundBy = null; // the pressed row of the overview or the legend

  const cy = () => Guanxi.canvas.cy();

  function nodesOf(row) {
    const { findGrade, findType, findSubject, findIds, findHuman } = row.dataset;
    if (findHuman !== undefined) return cy().edges("[?human]").connectedNodes();
    if (findIds !== undefined) return cy().collection(findIds.split(" ").map((id) => cy().getElementById(id)));
    return cy().nodes().filter((node) => {
      const data = node.data();
      if (findGrade !== undefined && data.grade !== findGrade) return false;
      if (findType !== undefined && data.type !== findType) return false;
      return findSubject === undefined || Boolean(data.subject) === (findSubject === "1");
    });
  }

  /* A click on a row: those nodes stay bright and are brought into view; once more clears it. Ctrl+click selects them. */
  function find(row, { select = false } = {}) {
    const live = cy();
    if (!live) return;
    const again = foundBy === row && !select;
    clearFound();
    if (again) { dim(); return; }
    const nodes = nodesOf(row);
    if (nodes.empty()) { toast(say("toast.none_here")); return; }
    if (select) {
      live.batch(() => { nodes.select(); });
      return;
    }
    foundBy = row;
    row.setAttribute("aria-pressed", "true");
    live.batch(() => {
      live.elements().unselect();
      nodes.addClass("found");
    });
    dim();
    Guanxi.canvas.fit(nodes);
  }

  function preview(row, on) {
    const live = cy();
    if (!live) return;
    live.batch(() => {
      live.nodes(".over").removeClass("over");
      if (on) nodesOf(row).addClass("over");
    });
  }

  function clearFound() {
    foundBy?.setAttribute("aria-pressed", "false");
    foundBy = null;
    cy()?.nodes(".found").removeClass("found");
    cy()?.edges(".why").removeClass("why");
  }

  /* Nodes and relationships that something rests on: lit until something else is chosen. The drawer stays as it is. */
  function light(nodes, edges) {
    clearFound();
    cy().batch(() => { nodes.addClass("found"); edges.addClass("why"); });
    dim();
  }

  /* Found nodes, else the selection with its neighbours, stay bright; everything else is dimmed. */
  function dim() {
    const live = cy();
    if (!live) return;
    const found = live.nodes(".found");
    const selected = live.elements(":selected");
    live.batch(() => {
      live.elements(".dim").removeClass("dim");
      live.elements(".lit").removeClass("lit");
      let bright = found.nonempty() ? found : live.collection();
      if (found.empty() && selected.nonempty()) {
        bright = selected.nodes().closedNeighborhood().union(selected.edges()).union(selected.edges().connectedNodes());
        bright = bright.union(selected);
      }
      if (live.elements().length > Guanxi.canvas.READ_ONLY) bright.addClass("lit"); // to dim thousands takes long
      else if (bright.nonempty()) live.elements().difference(bright.union(bright.edgesWith(bright))).addClass("dim");
    });
  }

  const changed = debounce(() => {
    const live = cy();
    if (!live) return;
    if (live.elements(":selected").nonempty()) clearFound();
    dim();
    Guanxi.table.mark();
    if (Guanxi.links.active()) Guanxi.links.picked(live.nodes(":selected"));
    else tellInspector(live);
  }, 30);

  function tellInspector(live) {
    const nodes = live.nodes(":selected");
    const edges = live.edges(":selected");
    let data = { nodes: [], edge: null };
    if (nodes.empty() && edges.length === 1) {
      const edge = edges[0];
      data.edge = { data: edge.data(), from: edge.source().data(), to: edge.target().data() };
    } else if (nodes.nonempty()) {
      data = { nodes: nodes.map((node) => node.data()).slice(0, 200), edge: null, ...(nodes.length === 1 ? around(nodes[0]) : {}) };
    }
    const now = JSON.stringify([data.nodes.map((node) => node.id), data.edge?.data.id ?? null, data.drawn ?? null, data.links ?? null]);
    if (now === told) return;
    told = now;
    clearTimeout(opening);
    // A drawer that opens under the pointer would swallow the second half of a double click.
    const wait = document.getElementById("inspector").hidden ? Guanxi.canvas.SECOND_CLICK : 0;
    opening = setTimeout(() => tell("selected", { data }), wait);
  }

  /* How many relationships of each kind a node has on the canvas: `type|type of the neighbour` → count. */
  function drawn(node) {
    const counts = {};
    node.connectedEdges().forEach((edge) => {
      const other = edge.source().same(node) ? edge.target() : edge.source();
      const key = `${edge.data("type")}|${other.data("type")}`;
      counts[key] = (counts[key] ?? 0) + 1;
    });
    return counts;
  }

  /* What the canvas shows at a node: how many relationships of each kind, and the links drawn by hand. */
  function around(node) {
    const links = node.connectedEdges("[author]").map((edge) => {
      const other = edge.source().same(node) ? edge.target() : edge.source();
      return { id: edge.id(), author: edge.data("author"), mark: edge.data("mark"), caption: other.data("caption") };
    });
    return { drawn: drawn(node), links };
  }

  /* Asks for the drawer's content anew: what it shows has changed on the server. */
  function again() {
    told = null;
    changed();
  }

  /* Selects nodes or a relationship by id, from the table, a notice or the inspector. */
  function choose(ids, { add = false, show = true } = {}) {
    const live = cy();
    if (!live) return;
    const wanted = live.collection(ids.map((id) => live.getElementById(id)));
    if (wanted.empty()) { toast(say("toast.none_here")); return; }
    live.batch(() => {
      if (!add) live.elements(":selected").unselect();
      wanted.forEach((each) => { if (add && each.selected()) each.unselect(); else each.select(); });
    });
    if (show) bringIntoView(live, wanted);
  }

  /* Moves the window only where the nodes are outside of it, and no further than it must. */
  function bringIntoView(live, nodes) {
    const box = nodes.renderedBoundingBox({ includeOverlays: false });
    const [width, height, edge] = [live.width(), live.height(), 12];
    if (nodes.edges().nonempty() && (box.w > width - 2 * edge || box.h > height - 2 * edge)) return;
    if (box.w > width - 2 * edge || box.h > height - 2 * edge) { Guanxi.canvas.fit(nodes); return; }
    const by = {
      x: Math.max(edge - box.x1, 0) + Math.min(width - edge - box.x2, 0),
      y: Math.max(edge - box.y1, 0) + Math.min(height - edge - box.y2, 0),
    };
    if (by.x !== 0 || by.y !== 0) live.animate({ panBy: by }, { duration: 180 });
  }

  function clear() {
    clearFound();
    cy()?.elements(":selected").unselect();
    dim();
  }

  const selectedNode = () => {
    const nodes = cy()?.nodes(":selected");
    return nodes && nodes.length === 1 ? nodes[0].id() : null;
  };

  return { find, light, preview, bringIntoView, changed, choose, clear, again, refresh: changed, selectedNode };
})();
