/* The list pages: fields of the filter, order, pages, and walking through rows by keyboard. What is chosen goes to the address. */
"use strict";

Guanxi.lists = (() => {
  const { go, tell, element } = Guanxi;
  let asked = 0;

  /* The server says which filters there are and what they are set to; the fields themselves are the browser's. */
  function equip() {
    for (const slot of document.querySelectorAll("span[data-filter]")) {
      const { filter, value, most, kind } = slot.dataset;
      if (!slot.firstChild) slot.append(kind === "search" ? element("input", { type: "search", class: "field small", maxlength: 80, name: filter, autocomplete: "off" })
        : element("input", { type: "number", class: "field small", min: 0, max: most || null, name: filter, inputmode: "numeric" }));
      if (document.activeElement !== slot.firstChild) slot.firstChild.value = value;
    }
    for (const choice of document.querySelectorAll("select[data-filter]")) choice.value = choice.dataset.value;
  }

  /* Another filter or order begins at the first page. */
  const show = (query) => go({ query: { ...query, after: null, page: null } });

  function turn({ after, turn: page }) {
    go({ query: after ? { after, page } : { after: null, page: null } });
  }

  const STAYS = new Set(["lang", "asOf", "order", "chosen"]);

  const clear = () => show(Object.fromEntries([...new URLSearchParams(window.location.search).keys()].filter((name) => !STAYS.has(name)).map((name) => [name, null])));

  const openRing = (ring) => tell("ask-ring", { data: { ring, n: ++asked } });

  function onChange(event) {
    const field = event.target.closest?.("[data-filter]");
    if (!field || !event.target.validity.valid) return;
    show({ [field.dataset.filter]: event.target.value || null });
  }

  function onKey(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const here = event.target.closest?.("tr[data-row]");
    if (!here) return;
    const rows = [...here.closest("table").querySelectorAll("tr[data-row]")]; // whatever group they are in
    const next = rows[rows.indexOf(here) + (event.key === "ArrowDown" ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    next.querySelector(".row-name")?.focus();
  }

  /* A click anywhere in a row that is on nothing else opens what the row is about. */
  function onClick(event) {
    const row = event.target.closest?.("tr[data-row]");
    if (row && !event.target.closest("button, a") && window.getSelection().isCollapsed) row.querySelector(".row-name").click();
  }

  document.addEventListener("change", onChange);
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);

  return { equip, show, turn, clear, openRing };
})();
