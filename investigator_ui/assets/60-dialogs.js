/* Dialogs: reveal a value, the shortcut sheet, the ended session; and the clock that hides a revealed value again. */
"use strict";

Guanxi.dialogs = (() => {
  const { say, tell, element } = Guanxi;
  const SHORTEST_REASON = 4;
  let wanted = null;
  let asked = 0;

  function show(id) {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
    return dialog;
  }

  function askReveal(button) {
    wanted = { node: button.dataset.reveal, property: button.dataset.property };
    document.getElementById("reveal-title").textContent = say("reveal.title", { what: button.dataset.what });
    document.getElementById("reveal-problem").textContent = "";
    const slot = document.getElementById("reveal-slot");
    slot.replaceChildren(element("input", { id: "reveal-reason", type: "text", class: "field", maxlength: 200, autocomplete: "off" }));
    show("reveal-dialog");
    slot.firstChild.focus();
  }

  function confirmReveal() {
    const reason = document.getElementById("reveal-reason").value.trim();
    if ([...reason].length < SHORTEST_REASON) {
      document.getElementById("reveal-problem").textContent = say("reveal.short");
      document.getElementById("reveal-reason").focus();
      return;
    }
    document.getElementById("reveal-dialog").close();
    tell("ask-reveal", { data: { ...wanted, reason, n: ++asked } });
  }

  /* Shows the value where it stood masked, until it expires; then the masked text is back and the value is nowhere. */
  function revealed(answer) {
    if (!answer) return;
    tell("revealed", { data: null });
    for (const slot of document.querySelectorAll(`[data-slot="${CSS.escape(answer.nodeId)}|${CSS.escape(answer.property)}"]`)) {
      if (!slot.classList.contains("revealed")) showFor(slot, answer.value, new Date(answer.expiresAt).getTime());
    }
  }

  function showFor(slot, value, until) {
    const masked = slot.textContent;
    const clock = element("button", { type: "button", class: "countdown" });
    const hide = () => {
      clearInterval(tick);
      slot.classList.remove("revealed");
      slot.textContent = masked;
    };
    const count = () => {
      const left = Math.max(Math.ceil((until - Date.now()) / 1000), 0);
      const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      clock.textContent = say("reveal.until", { time });
      if (left === 0 || !slot.isConnected) hide();
    };
    const tick = setInterval(count, 500);
    clock.addEventListener("click", hide);
    slot.classList.add("revealed");
    slot.replaceChildren(element("strong", {}, value), clock);
    count();
  }

  const anyOpen = () => document.querySelector("dialog[open]") !== null;

  return { show, askReveal, confirmReveal, revealed, anyOpen };
})();
