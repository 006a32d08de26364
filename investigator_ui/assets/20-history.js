/* Expand, collapse, undo, redo. Each step keeps the canvas as it was before, by reference; nothing that stays is ever moved. */
"use strict";

Guanxi.history = (() => {
  const { page, say, number, tell, toast, remember } = Guanxi;
  const STEPS = 50;
  let undos = [];
  let redos = [];
  let expansions = []; // what the address names: [{node, relationship}]
  let asked = 0;

  function reset() {
    undos = [];
    redos = [];
    const named = new URLSearchParams(window.location.search).get("expanded") ?? "";
    expansions = named.split(",").filter(Boolean).map((part) => {
      const [node, relationship] = part.split("*");
      return { node, relationship: relationship ?? null };
    });
    buttons();
  }

  function snapshot() {
    return Guanxi.canvas.cy().elements().map((item) => {
      const kept = { data: { ...item.data() } };
      if (item.isNode()) kept.position = { ...item.position() };
      return kept;
    });
  }

  function show(elements, then = () => {}) {
    Guanxi.canvas.update(elements, (live) => { Guanxi.canvas.changed(); then(live); });
  }

  function step(next, before, after = null) {
    undos.push({ elements: before, expansions });
    if (undos.length > STEPS) undos.shift();
    redos = [];
    expansions = next.expansions;
    settle();
    show(next.elements, after ?? (() => {}));
  }

  function settle() {
    remember("expanded", expansions.map((e) => (e.relationship ? `${e.node}*${e.relationship}` : e.node)).join(","));
    buttons();
  }

  function buttons() {
    const [undo, redo] = [document.getElementById("undo-button"), document.getElementById("redo-button")];
    if (undo) undo.disabled = undos.length === 0;
    if (redo) redo.disabled = redos.length === 0;
  }

  /* Asks the server for a node's neighbours; `expanded` below gets the answer. */
  function expand(nodeId, relationship = null) {
    const live = Guanxi.canvas.cy();
    const node = live?.getElementById(nodeId);
    if (!node || node.empty()) return toast(say("toast.nothing_selected"));
    if (node.data("kind") === "COMMUNITY") return Guanxi.openCommunity(nodeId);
    if (page.view?.readOnly) return toast(say("toast.read_only"));
    node.addClass("busy");
    tell("ask-expand", {
      data: {
        n: ++asked,
        key: page.view.key,
        node: nodeId,
        relationship,
        caption: node.data("caption"),
        there: live.nodes().map((each) => ({ id: each.id(), ...each.position() })),
        drawn: live.edges().map((each) => each.id()),
      },
    });
    return undefined;
  }

  function expanded(answer) {
    const live = Guanxi.canvas.cy();
    if (!answer || !live || answer.key !== page.view?.key) return;
    const parent = live.getElementById(answer.parent);
    parent.removeClass("busy");
    const fresh = answer.elements.filter((each) => live.getElementById(each.data.id).empty());
    if (parent.empty()) return;
    if (fresh.length === 0) { toast(say("toast.nothing_new")); return; }
    const before = snapshot();
    const elements = before.map((each) => (each.data.id === answer.parent ? relabelled(each, answer.change) : each)).concat(fresh);
    const next = { elements, expansions: [...expansions, { node: answer.parent, relationship: answer.relationship }] };
    step(next, before, (drawn) => announce(answer, fresh, drawn));
  }

  /* More elements, as a step of its own that the address does not name. */
  function add(fresh, then) {
    const before = snapshot();
    step({ elements: before.concat(fresh), expansions }, before, then);
  }

  function relabelled(each, change) {
    const { label, shown = null, total = null, base = null } = each.data;
    return { ...each, data: { ...each.data, ...change, base: base ?? { label, shown, total } } };
  }

  function announce(answer, fresh, live) {
    let words = say("toast.expanded", { nodes: number(answer.nodes), edges: number(answer.edges) });
    if (answer.change.total) words += ` ${say("toast.capped", { shown: number(answer.change.shown), total: number(answer.change.total) })}`;
    const view = live.extent();
    const nodes = live.collection(fresh.map((each) => live.getElementById(each.data.id))).nodes();
    const outside = nodes.some((node) => {
      const at = node.position();
      return at.x < view.x1 || at.x > view.x2 || at.y < view.y1 || at.y > view.y2;
    });
    const action = outside ? { label: say("toast.fit"), run: () => Guanxi.canvas.fit() } : { label: say("toast.undo"), run: undo };
    toast(words, { action });
    Guanxi.selection.refresh();
  }

  /* Takes away what expanding this node added, and what was expanded from that, until nothing of it is left. */
  function collapse(nodeId) {
    const live = Guanxi.canvas.cy();
    if (!live || !nodeId) return toast(say("toast.nothing_selected"));
    const before = snapshot();
    const gone = new Set();
    const parents = new Set([nodeId]);
    for (let grew = true; grew;) {
      grew = false;
      for (const { data } of before) {
        if (gone.has(data.id) || !parents.has(data.from)) continue;
        gone.add(data.id);
        if (!("source" in data)) parents.add(data.id);
        grew = true;
      }
    }
    if (gone.size === 0) return toast(say("toast.not_expanded"));
    const elements = before
      .filter(({ data }) => !gone.has(data.id) && !gone.has(data.source) && !gone.has(data.target))
      .map((each) => (each.data.id === nodeId ? restored(each) : each));
    const left = expansions.filter((each) => !parents.has(each.node));
    const nodes = before.filter(({ data }) => gone.has(data.id) && !("source" in data)).length;
    step({ elements, expansions: left }, before, () => {
      toast(say("toast.collapsed", { nodes: number(nodes) }), { action: { label: say("toast.undo"), run: undo } });
      Guanxi.selection.refresh();
    });
    return undefined;
  }

  function restored(each) {
    const { base, ...data } = each.data;
    return base ? { ...each, data: { ...data, ...base, base: null } } : each;
  }

  /* Back to an earlier canvas. What is on both stays where the user has it now. */
  function back(from, to, words) {
    if (from.length === 0) return toast(say("toast.nothing_undo"));
    const now = snapshot();
    const places = new Map(now.map((each) => [each.data.id, each.position]));
    const past = from.pop();
    to.push({ elements: now, expansions });
    expansions = past.expansions;
    settle();
    show(past.elements.map((each) => (each.position && places.get(each.data.id) ? { ...each, position: places.get(each.data.id) } : each)),
      () => Guanxi.selection.refresh());
    return toast(say(words));
  }

  /* A change that is no step, such as a link that the server now keeps: it holds for this canvas and for those to come back to. */
  function amend(change, then) {
    const changed = (steps) => steps.map((each) => ({ ...each, elements: change(each.elements) }));
    undos = changed(undos);
    redos = changed(redos);
    show(change(snapshot()), then);
  }

  function undo() { return back(undos, redos, "toast.undone"); }
  function redo() { return back(redos, undos, "toast.redone"); }

  return { reset, snapshot, add, expand, expanded, collapse, amend, undo, redo, buttons };
})();
