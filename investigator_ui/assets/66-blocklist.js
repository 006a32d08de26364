/* Putting somebody or something on the blocklist and taking it off: the dialog, and the list, the drawer and the canvas afterwards. */
"use strict";

Guanxi.blocklist = (() => {
  const { page, say, tell, toast, element } = Guanxi;
  const SHORTEST_REASON = 4;
  let wanted = null; // what, and which node
  let asked = 0;
  let reloaded = 0;

  const byId = (id) => document.getElementById(id);
  const field = (tag, id, more = {}) => element(tag, { id, class: "field", autocomplete: "off", ...more });

  function ask(what, { node = null, what: caption = "" } = {}) {
    if (!byId("block-dialog")) return;
    wanted = { what, node };
    byId("block-title").textContent = say(what === "unblock" ? "blocklist.remove_title" : "blocklist.add_title");
    byId("block-what").textContent = caption;
    byId("block-confirm").textContent = say(what === "unblock" ? "blocklist.remove" : "blocklist.add");
    byId("block-problem").textContent = "";
    byId("block-confirm").disabled = false;
    const rows = what === "block-key" ? keyFields() : [];
    rows.push(element("label", { for: "block-reason" }, say("reveal.reason")), field("input", "block-reason", { type: "text", maxlength: 200, required: true }));
    if (what !== "unblock") rows.push(element("label", { for: "block-until" }, say("link.ask_expires")), field("input", "block-until", { type: "date" }));
    byId("block-fields").replaceChildren(...rows);
    Guanxi.dialogs.show("block-dialog");
    byId("block-fields").querySelector(".field").focus();
  }

  function keyFields() {
    const kinds = page.listable.map((label) => element("option", { value: label }, page.types[label][page.lang]));
    return [
      element("label", { for: "block-type" }, say("table.type")), element("select", { id: "block-type", class: "field" }, ...kinds),
      element("label", { for: "block-key" }, say("blocklist.key")), field("input", "block-key", { type: "text", maxlength: 200, required: true }),
    ];
  }

  /* After every answer, a refusal too: a key that was typed stays only in its field, until the dialog closes. */
  function idle() {
    const confirm = byId("block-confirm");
    if (!confirm?.disabled) return;
    confirm.disabled = false;
    tell("ask-block", { data: null });
  }

  function refuse(words, at) {
    byId("block-problem").textContent = words;
    at.focus();
  }

  function confirm() {
    const [reason, key, until] = [byId("block-reason"), byId("block-key"), byId("block-until")];
    if (byId("block-confirm").disabled) return;
    if (key && key.value.trim() === "") { refuse(say("blocklist.no_key"), key); return; }
    if ([...reason.value.trim()].length < SHORTEST_REASON) { refuse(say("reveal.short"), reason); return; }
    byId("block-confirm").disabled = true;
    const data = { ...wanted, type: byId("block-type")?.value ?? null, key: key?.value ?? null, reason: reason.value.trim(), until: until?.value || null };
    tell("ask-block", { data: { ...data, n: ++asked } });
  }

  function blocked(answer) {
    if (!answer || answer.n !== asked) return;
    idle();
    byId("block-problem").textContent = answer.problem ?? "";
    if (answer.problem) return;
    byId("block-dialog").close();
    const listed = wanted.what !== "unblock";
    toast(say(listed ? "blocklist.added" : "blocklist.removed"));
    if (page.list) tell("retry", { data: `blocklist ${++reloaded}` });
    else mark(answer.node, listed);
  }

  /* The canvas, its steps to come back to, and the drawer. */
  function mark(node, listed) {
    const change = (elements) => elements.map((each) => (each.data.id === node ? { ...each, data: { ...each.data, listed } } : each));
    Guanxi.history.amend(change, () => Guanxi.selection.again());
  }

  document.addEventListener("close", (event) => { if (event.target.id === "block-dialog") byId("block-fields").replaceChildren(); }, true);

  return { ask, confirm, blocked, idle };
})();
