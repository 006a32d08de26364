/* The form of a tag: what belongs to the kind that is chosen is shown, and of the computations what the chosen one says. */
"use strict";

(() => {
  const valueOf = (name) => document.getElementById(`field-${name}`)?.value ?? "";

  function show(root) {
    const kind = valueOf("kind");
    for (const part of root.querySelectorAll("[data-kinds]")) {
      const kinds = part.dataset.kinds.split(" ").filter(Boolean);
      part.hidden = kinds.length > 0 && !kinds.includes(kind);
    }
    const chosen = valueOf("computation");
    for (const told of root.querySelectorAll("[data-computation]")) told.hidden = told.dataset.computation !== chosen;
  }

  /* What says something of risk can be of no other class. */
  function classify(root) {
    const told = root.querySelector(`[data-computation="${CSS.escape(valueOf("computation"))}"]`);
    const consent = document.getElementById("field-consent");
    if (told?.dataset.risk && consent) consent.value = "RISK";
  }

  Guanxi.market.on("tag-form", show);
  document.addEventListener("input", (event) => {
    const root = event.target.closest("#tag-form-page");
    if (!root || !["kind", "computation"].includes(event.target.name)) return;
    if (event.target.name === "computation") classify(root);
    show(root);
  });
})();
