/* The search box as an ARIA combobox: arrows walk the suggestions, Enter opens, Escape closes. Also the as-of day. */
"use strict";

Guanxi.omnibox = (() => {
  const { debounce, element, go, openSubject, tell } = Guanxi;
  const LONGEST = 120;
  let sent = 0;
  let active = -1;

  const input = () => document.getElementById("search");
  const list = () => document.getElementById("suggestions");
  const hits = () => document.getElementById("suggestion-hits");
  const problem = () => document.getElementById("suggestion-problem");
  const options = () => [...document.querySelectorAll("#suggestions [role=option]")];

  /* Fills the slots of the top bar with the browser's own fields: what is typed is in no property of Dash and in no markup. */
  function equip() {
    const slot = document.getElementById("search-slot");
    if (slot && !slot.firstChild) {
      const box = element("input", { id: "search", type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
        maxlength: LONGEST, "aria-autocomplete": "list", "aria-controls": "suggestions", "aria-expanded": "false" });
      box.addEventListener("input", debounce(() => tell("typed", { data: { text: box.value, n: ++sent } }), 180));
      box.addEventListener("input", () => { problem().hidden = true; show(false); });
      box.addEventListener("focus", () => show(true));
      slot.append(box);
    }
    if (input()) input().placeholder = slot.dataset.placeholder;
    equipDay();
  }

  function equipDay() {
    const slot = document.getElementById("as-of-slot");
    if (!slot) return;
    if (!slot.firstChild) {
      const made = element("input", { id: "as-of", type: "date", max: new Date().toISOString().slice(0, 10) });
      made.addEventListener("change", () => go({ query: { asOf: made.value || null } }));
      slot.append(made);
    }
    const day = document.getElementById("as-of");
    const chosen = Guanxi.todayOnly() ? "" : (new URLSearchParams(window.location.search).get("asOf") ?? "");
    day.closest(".as-of").hidden = Guanxi.todayOnly();
    if (document.activeElement !== day || !chosen) day.value = chosen;
    document.getElementById("as-of-clear").hidden = !chosen;
    day.closest(".as-of").classList.toggle("chosen", Boolean(chosen));
  }

  /* The list is seen only while the field has the focus and something to say. */
  function show(wanted) {
    if (!list() || !input()) return;
    const something = hits().childElementCount > 0 || (problem().childElementCount > 0 && !problem().hidden);
    const seen = wanted && document.activeElement === input() && something && input().value.trim() !== "";
    list().hidden = !seen;
    input().setAttribute("aria-expanded", String(seen && options().length > 0));
  }

  function suggested(html) {
    if (!hits() || typeof html !== "string") return;
    hits().innerHTML = html;
    active = -1;
    input()?.removeAttribute("aria-activedescendant");
    show(true);
  }

  function refused(html) {
    if (!problem() || typeof html !== "string") return;
    problem().innerHTML = html;
    problem().hidden = problem().childElementCount === 0;
    show(true);
  }

  function walk(by) {
    const all = options();
    if (all.length === 0) return;
    show(true);
    active = active < 0 && by < 0 ? all.length - 1 : (active + by + all.length) % all.length;
    all.forEach((option, place) => option.setAttribute("aria-selected", String(place === active)));
    all[active].scrollIntoView({ block: "nearest" });
    input().setAttribute("aria-activedescendant", all[active].id);
  }

  function clear() {
    if (!input()) return;
    input().value = "";
    show(false);
    input().blur();
  }

  function open(nodeId) {
    clear();
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
      else tell("submitted", { data: { text: input().value, n: ++sent } });
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (list().hidden) input().blur();
      else show(false);
    }
  }

  document.addEventListener("keydown", (event) => { if (event.target.id === "search") onKey(event); }, true);
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.("#suggestions [role=option]");
    if (option) { event.preventDefault(); open(option.dataset.open); }
    else if (!event.target.closest?.(".omnibox")) show(false);
  });

  return { equip, suggested, refused, clear, focus: () => { input()?.focus(); input()?.select(); } };
})();
