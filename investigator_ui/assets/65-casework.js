/* Recording what an investigator concluded about a node: the dialog, and the drawer afterwards. */
"use strict";

Guanxi.casework = (() => {
  const { say, tell, toast, element } = Guanxi;
  const SHORTEST_REASON = 4;
  const VERDICTS = ["CONFIRMED_FRAUD", "SUSPICIOUS", "CLEARED", "INCONCLUSIVE"];
  let node = null;
  let asked = 0;

  const byId = (id) => document.getElementById(id);

  function ask(button) {
    node = button.dataset.node;
    byId("record-what").textContent = button.dataset.what;
    byId("record-problem").textContent = "";
    idle();
    // Nothing is chosen beforehand: what is recorded stays, and models learn from it.
    const verdict = element("select", { id: "record-verdict", class: "field", required: true },
      element("option", { value: "" }, say("case.choose")),
      ...VERDICTS.map((value) => element("option", { value }, say(`verdict.${value.toLowerCase()}`))));
    const reason = element("input", { id: "record-reason", type: "text", class: "field", maxlength: 200, autocomplete: "off", required: true });
    byId("record-fields").replaceChildren(element("label", { for: "record-verdict" }, say("case.verdict")), verdict,
      element("label", { for: "record-reason" }, say("reveal.reason")), reason);
    Guanxi.dialogs.show("record-dialog");
    verdict.focus();
  }

  function idle() {
    const confirm = byId("record-confirm");
    if (confirm) confirm.disabled = false;
  }

  function confirm() {
    const reason = byId("record-reason");
    const verdict = byId("record-verdict");
    if (byId("record-confirm").disabled) return;
    if (verdict.value === "") { byId("record-problem").textContent = say("case.choose"); verdict.focus(); return; }
    if ([...reason.value.trim()].length < SHORTEST_REASON) { byId("record-problem").textContent = say("reveal.short"); reason.focus(); return; }
    byId("record-confirm").disabled = true;
    tell("ask-record", { data: { node, verdict: verdict.value, reason: reason.value.trim(), n: ++asked } });
  }

  function recorded(answer) {
    if (!answer || answer.n !== asked) return;
    idle();
    byId("record-problem").textContent = answer.problem ?? "";
    if (answer.problem) return;
    byId("record-dialog").close();
    toast(say("case.recorded"));
    Guanxi.selection.again();
  }

  return { ask, confirm, recorded, idle };
})();
