/* Why a score is what it is: asks for the ties that it rests on, lights them on the canvas and lists them in the drawer. */
"use strict";

Guanxi.why = (() => {
  const { page, say, tell, element } = Guanxi;
  let asked = 0;

  const cy = () => Guanxi.canvas.cy();

  function ask(button) {
    const live = cy();
    const node = live?.getElementById(button.dataset.node);
    if (!node || node.empty()) return;
    node.addClass("busy");
    button.disabled = true;
    tell("ask-why", {
      data: {
        n: ++asked,
        key: page.view.key,
        node: node.id(),
        there: live.nodes().map((each) => ({ id: each.id(), ...each.position() })),
        drawn: live.edges().map((each) => each.id()),
      },
    });
  }

  function explained(answer) {
    const live = cy();
    if (!answer || !live || answer.n !== asked || answer.key !== page.view?.key) return;
    live.nodes(".busy").removeClass("busy");
    list(answer);
    if (!answer.nodes?.length) return;
    const missing = answer.elements.filter((each) => live.getElementById(each.data.id).empty());
    if (missing.length > 0 && !page.view.readOnly) Guanxi.history.add(missing, () => light(answer));
    else light(answer);
  }

  function light(answer) {
    const live = cy();
    const wanted = new Set(answer.relations);
    const nodes = live.collection(answer.nodes.map((id) => live.getElementById(id)));
    const edges = live.edges().filter((edge) => wanted.has(`${edge.data("type")}|${edge.source().id()}|${edge.target().id()}`));
    Guanxi.selection.light(nodes, edges);
    Guanxi.selection.bringIntoView(live, nodes);
  }

  /* Into the drawer of the node that was asked about, if it is still open. */
  function list(answer) {
    const panel = document.querySelector(`#inspector [data-why="${CSS.escape(answer.node)}"]`);
    for (const button of document.querySelectorAll('#inspector [data-action="why"]')) button.disabled = false;
    if (!panel) return;
    const rows = answer.rows.map((row) => {
      const bar = element("span", { class: "weight", "aria-hidden": "true" }, element("span", {}));
      bar.firstChild.style.width = `${Math.max(Math.round(100 * row.part), 2)}%`;
      const of = row.of ? element("span", { class: "quiet" }, row.of) : null;
      const button = element("button", { type: "button", class: "named", "data-select": row.id }, element("span", {}, row.caption), of, element("span", { class: "quiet" }, row.drop));
      return element("li", {}, button, bar);
    });
    const [first, ...more] = answer.notes;
    panel.replaceChildren(
      element("h3", {}, say("why.heading")),
      element("p", {}, first),
      element("ol", { class: "reasons", "aria-label": say("why.heading") }, ...rows),
      ...more.map((note) => element("p", { class: "hint" }, note)),
    );
    panel.hidden = false;
  }

  function idle() {
    for (const button of document.querySelectorAll('#inspector [data-action="why"]')) button.disabled = false;
  }

  return { ask, explained, idle };
})();
