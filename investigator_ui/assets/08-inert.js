/* What the server made into text (panels/inert.py): put in as soon as Dash has set it, before the browser paints. */
"use strict";

(() => {
  function lay(box) {
    if (box.dataset.html === undefined || box.laid === box.dataset.html) return;
    box.laid = box.dataset.html;
    box.innerHTML = box.laid;
  }

  function look({ type, target, addedNodes }) {
    if (type === "attributes") lay(target);
    for (const added of addedNodes) {
      if (added.nodeType !== Node.ELEMENT_NODE) continue;
      if (added.dataset?.html !== undefined) lay(added);
      for (const box of added.querySelectorAll("[data-html]")) lay(box);
    }
  }

  new MutationObserver((changes) => changes.forEach(look))
    .observe(document.documentElement, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-html"] });
})();
