/* Links drawn by hand: the tool (start, then end, by mouse or in the table), the dialog that asks why, the canvas afterwards. */
"use strict";

Guanxi.links = (() => {
  const { page, say, tell, toast, element } = Guanxi;
  const SHORTEST_REASON = 4;
  let drawing = false; // the tool waits for nodes to be selected
  let start = null; // the node where the link begins
  let wanted = null; // what the dialog will ask of the server
  let asked = 0;

  const cy = () => Guanxi.canvas.cy();
  const byId = (id) => document.getElementById(id);
  const caption = (id) => cy().getElementById(id).data("caption");

  /* Why no link can be drawn in the view at hand: a key of the texts. */
  function obstacle() {
    if (!page.view?.key) return "link.not_open";
    if (page.view.readOnly) return "link.not_large";
    if (page.view.sourceOnly) return "link.not_sources";
    return page.view.asOf ? "link.not_past" : null;
  }

  /* The button: two selected nodes are linked at once; one is the start; with none, the next two that are selected are meant. */
  function begin() {
    if (!page.mayEdit) return;
    const why = obstacle();
    if (why) { toast(say(why)); return; }
    if (drawing) { stop(); return; }
    const chosen = cy().nodes(":selected").map((node) => node.id());
    if (chosen.length === 2) { askDraw(chosen[0], chosen[1]); return; }
    drawing = true;
    start = chosen.length === 1 ? chosen[0] : null;
    mark();
  }

  /* The selection has changed while the tool waits. */
  function picked(nodes) {
    const ids = nodes.map((node) => node.id());
    if (start === null && ids.length > 0) start = ids[0];
    const end = ids.find((id) => id !== start);
    if (start !== null && end !== undefined) askDraw(start, end);
    else mark();
  }

  function stop() {
    drawing = false;
    start = null;
    mark();
  }

  /* Shows where the tool stands: the hint, the button, the start's halo. */
  function mark() {
    const [area, hint, tool] = [byId("canvas-area"), byId("link-hint"), byId("link-tool")];
    area.dataset.drawing = drawing ? "1" : "0";
    hint.hidden = !drawing;
    if (drawing) hint.textContent = start === null ? say("link.pick_start") : say("link.pick_end", { what: caption(start) });
    tool?.setAttribute("aria-pressed", String(drawing));
    cy()?.nodes(".from-here").removeClass("from-here");
    if (start !== null) cy().getElementById(start).addClass("from-here");
  }

  /* Whether the tool can be used in this view; it says why not when it is asked. */
  function controls() {
    const tool = byId("link-tool");
    if (!tool) return;
    const why = obstacle();
    tool.setAttribute("aria-disabled", String(why !== null));
    tool.title = why === null || why === "link.not_open" ? say("link.tool_help") : say(why);
  }

  function askDraw(source, target) {
    stop();
    wanted = { what: "draw", source, target };
    open({ title: say("link.draw_title"), confirm: say("link.draw_confirm"), ends: `${caption(source)} – ${caption(target)}` });
  }

  function askAnnotate(button) {
    const { link, reason, evidence, expires } = button.dataset;
    wanted = { what: "annotate", link, expired: expires };
    open({ title: say("link.annotate"), confirm: say("link.annotate_confirm"), known: { reason, evidence, expires } });
  }

  function askRetract(link) {
    wanted = { what: "retract", link };
    open({ title: say("link.retract"), confirm: say("link.retract") });
  }

  function open({ title, confirm, ends = "", known = {} }) {
    byId("link-title").textContent = title;
    byId("link-ends").textContent = ends;
    byId("link-confirm").textContent = confirm;
    problem("");
    idle();
    const retracting = wanted.what === "retract";
    const reason = element("input", { id: "link-reason", type: "text", class: "field", maxlength: 200, autocomplete: "off", required: true });
    const fields = [...labelled(say(retracting ? "link.why_retract" : "reveal.reason"), reason, known.reason)];
    if (!retracting) {
      const evidence = element("textarea", { id: "link-evidence", class: "field", rows: 3, maxlength: 2000 });
      const expires = element("input", { id: "link-expires", type: "date", class: "field", min: known.expires || tomorrow() });
      fields.push(...labelled(say("link.ask_evidence"), evidence, known.evidence), ...labelled(say("link.ask_expires"), expires, known.expires));
    }
    byId("link-fields").replaceChildren(...fields);
    Guanxi.dialogs.show("link-dialog");
    reason.focus();
  }

  function labelled(words, field, value) {
    field.value = value ?? "";
    return [element("label", { for: field.id }, words), field];
  }

  function tomorrow() {
    const day = new Date();
    day.setDate(day.getDate() + 1);
    return day.toLocaleDateString("sv-SE");
  }

  function problem(words) { byId("link-problem").textContent = words; }

  /* The server has answered, or has failed: the button works again. */
  function idle() {
    const confirm = byId("link-confirm");
    if (confirm) confirm.disabled = false;
  }

  function confirm() {
    const [reason, expires] = [byId("link-reason"), byId("link-expires")];
    if (byId("link-confirm").disabled) return;
    if ([...reason.value.trim()].length < SHORTEST_REASON) { problem(say("reveal.short")); reason.focus(); return; }
    if (expires && !expires.checkValidity()) { problem(say("link.expired")); expires.focus(); return; }
    problem("");
    byId("link-confirm").disabled = true;
    const evidence = byId("link-evidence")?.value.trim() ?? "";
    tell("ask-link", { data: { ...wanted, reason: reason.value.trim(), evidence, expires: expires?.value ?? "", n: ++asked } });
  }

  /* What the server says: why not, in the dialog that asked; else the canvas shows it. */
  function linked(answer) {
    if (!answer || answer.n !== asked) return;
    idle();
    if (answer.problem) { problem(answer.problem); return; }
    byId("link-dialog").close();
    const id = answer.element.data.id;
    if (answer.what === "draw") drawn(answer.element);
    else if (answer.what === "retract") retracted(id);
    else { toast(say("link.annotated")); Guanxi.selection.again(); }
  }

  function drawn(made) {
    const { id, source, target } = made.data;
    const withIt = (elements) => {
      const there = new Set(elements.map((each) => each.data.id));
      return there.has(source) && there.has(target) && !there.has(id) ? [...elements, made] : elements;
    };
    Guanxi.history.amend(withIt, (live) => {
      live.elements(":selected").unselect();
      live.getElementById(id).select();
    });
    toast(say("link.drawn"), { action: { label: say("link.retract"), run: () => askRetract(id) } });
  }

  function retracted(id) {
    Guanxi.history.amend((elements) => elements.filter((each) => each.data.id !== id), () => Guanxi.selection.refresh());
    toast(say("link.retracted"));
  }

  return { begin, picked, stop, controls, askAnnotate, askRetract, confirm, linked, idle, active: () => drawing };
})();
