/* The search box as an ARIA combobox: arrows walk the suggestions, Enter opens, Escape closes. Also the as-of day. */
"use strict";

Guanxi.omnibox = (() => {
  const { tell, go, openSubject } = Guanxi;
  let submitted = 0;
  let active = -1;

  const input = () => document.getElementById("search");
  const list = () => document.getElementById("suggestions");
  const options = () => [...document.querySelectorAll("#suggestions [role=option]")];

  /* Dash's input takes no ARIA attributes and has no type "date"; both are set on the element itself. */
  function equip() {
    const box = input();
    if (box && box.getAttribute("role") !== "combobox") {
      box.setAttribute("role", "combobox");
      box.setAttribute("aria-autocomplete", "list");
      box.setAttribute("aria-controls", "suggestions");
      box.setAttribute("aria-expanded", "false");
    }
    const day = document.getElementById("as-of");
    if (day && day.type !== "date") {
      day.type = "date";
      day.max = new Date().toISOString().slice(0, 10);
    }
    showDay();
  }

  function showDay() {
    const day = document.getElementById("as-of");
    if (!day) return;
    const chosen = new URLSearchParams(window.location.search).get("asOf") ?? "";
    if (day.value !== chosen && document.activeElement !== day) tell("as-of", { value: chosen });
    const clear = document.getElementById("as-of-clear");
    if (clear) clear.hidden = !chosen;
    day.closest(".as-of")?.classList.toggle("chosen", Boolean(chosen));
  }

  function pickDay(value) {
    const chosen = new URLSearchParams(window.location.search).get("asOf") ?? "";
    if (value === null || value === undefined || value === chosen) return;
    if (value === "" || /^\d{4}-\d{2}-\d{2}$/.test(value)) go({ query: { asOf: value || null } });
  }

  function suggested() {
    active = -1;
    const box = input();
    if (!box) return;
    const shown = !list().hidden && document.activeElement === box;
    box.setAttribute("aria-expanded", String(shown && options().length > 0));
    box.removeAttribute("aria-activedescendant");
  }

  function walk(by) {
    const all = options();
    if (all.length === 0) return;
    active = (active + by + all.length) % all.length;
    all.forEach((option, place) => option.setAttribute("aria-selected", String(place === active)));
    all[active].scrollIntoView({ block: "nearest" });
    input().setAttribute("aria-activedescendant", all[active].id);
  }

  function close() {
    tell("suggestions", { hidden: true });
    input()?.setAttribute("aria-expanded", "false");
  }

  function open(nodeId) {
    tell("search", { value: "" });
    close();
    input()?.blur();
    openSubject(nodeId);
  }

  function onKey(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      walk(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      const chosen = options()[active];
      if (chosen && !list().hidden) open(chosen.dataset.open);
      else tell("submitted", { data: { text: input().value, n: ++submitted } });
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (list().hidden) input().blur();
      else close();
    }
  }

  document.addEventListener("keydown", (event) => { if (event.target.id === "search") onKey(event); }, true);
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.("#suggestions [role=option]");
    if (option) { event.preventDefault(); open(option.dataset.open); }
    else if (!event.target.closest?.(".omnibox") && list() && !list().hidden) close();
  });

  return { equip, suggested, pickDay, showDay, focus: () => { input()?.focus(); input()?.select(); } };
})();
