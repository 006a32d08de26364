/* Clicks and keys, in one place each: what is pressed decides by its id or data attributes what happens. */
"use strict";

(() => {
  const { go, logIn, openSubject, openPage, say, tell, toast, page } = Guanxi;
  let exported = 0;
  let retried = 0;

  const toggleFull = () => go({ query: { full: page.view?.full ? null : "1", community: null, expanded: null } });

  const toggleSources = () => go({ query: { sourceOnly: page.view?.sourceOnly ? null : "1" } });

  const byId = {
    "home-link": () => openPage("/"),
    "help-button": () => Guanxi.dialogs.show("keys-dialog"),
    "as-of-clear": () => go({ query: { asOf: null } }),
    "full-switch": toggleFull,
    "source-switch": toggleSources,
    "link-tool": () => Guanxi.links.begin(),
    "block-confirm": () => Guanxi.blocklist.confirm(),
    "list-clear": () => Guanxi.lists.clear(),
    "record-confirm": () => Guanxi.casework.confirm(),
    "link-confirm": () => Guanxi.links.confirm(),
    "undo-button": () => Guanxi.history.undo(),
    "redo-button": () => Guanxi.history.redo(),
    "zoom-in": () => Guanxi.canvas.zoomBy(1.3),
    "zoom-out": () => Guanxi.canvas.zoomBy(1 / 1.3),
    "fit-all": () => Guanxi.canvas.fit(),
    "fit-selection": fitSelection,
    "inspector-close": () => Guanxi.selection.clear(),
    "retry-button": () => tell("retry", { data: ++retried }),
    "reveal-confirm": () => Guanxi.dialogs.confirmReveal(),
    "export-png": () => Guanxi.picture.save(),
    "export-csv": () => askExport("nodes"),
    "export-csv-edges": () => askExport("edges"),
    "copy-link": copyLink,
    "leave-community": () => Guanxi.openCommunity(null),
  };

  const actions = {
    expand: (button) => Guanxi.history.expand(button.dataset.node, button.dataset.relationship ?? null),
    collapse: (button) => Guanxi.history.collapse(button.dataset.node),
    why: (button) => Guanxi.why.ask(button),
    open: (button) => openSubject(button.dataset.node),
    "open-community": (button) => Guanxi.openCommunity(button.dataset.node),
    link: () => Guanxi.links.begin(),
    record: (button) => Guanxi.casework.ask(button),
    "block-key": () => Guanxi.blocklist.ask("block-key"),
    block: (button) => Guanxi.blocklist.ask("block", button.dataset),
    unblock: (button) => Guanxi.blocklist.ask("unblock", button.dataset),
    annotate: (button) => Guanxi.links.askAnnotate(button),
    retract: (button) => Guanxi.links.askRetract(button.dataset.link),
  };

  function fitSelection() {
    const live = Guanxi.canvas.cy();
    const chosen = live?.elements(":selected");
    if (!chosen) return;
    Guanxi.canvas.fit(chosen.nonempty() ? chosen : live.nodes(".found"));
  }

  function askExport(what) {
    const elements = Guanxi.history.snapshot().map(({ data }) => ({ data }));
    tell("ask-export", { data: { what, subject: page.view.subjectId, n: ++exported, elements } });
  }

  async function copyLink() {
    try {
      await navigator.clipboard.writeText(window.location.href);
      toast(say("canvas.link_copied"));
    } catch {
      toast(window.location.href); // no clipboard without HTTPS: show it, so that it can be copied by hand
    }
  }

  function fold(button) {
    const body = button.closest("tbody");
    const open = body.dataset.open !== "1";
    body.dataset.open = open ? "1" : "0";
    button.setAttribute("aria-expanded", String(open));
  }

  function onClick(event) {
    const menu = document.querySelector("details.menu-button[open]");
    if (menu && (!menu.contains(event.target) || event.target.closest(".menu button, .menu a"))) menu.open = false;
    const link = event.target.closest("a[data-page]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); openPage(link.dataset.page); return; }
    const button = event.target.closest("button");
    if (!button || button.disabled) return;
    const { dataset } = button;
    if (byId[button.id]) byId[button.id]();
    else if (dataset.language) switchLanguage(dataset.language);
    else if (dataset.action) actions[dataset.action](button);
    else if (dataset.reveal) Guanxi.dialogs.askReveal(button);
    else if (dataset.fold) fold(button);
    else if (button.classList.contains("find")) Guanxi.selection.find(button, { select: event.ctrlKey || event.metaKey });
    else if (dataset.select) Guanxi.selection.choose([dataset.select]);
    else if (dataset.ring) Guanxi.lists.openRing(dataset.ring);
    else if (dataset.order) Guanxi.lists.show({ order: dataset.order });
    else if (dataset.category !== undefined) Guanxi.lists.show({ category: dataset.category || null, subcategory: dataset.subcategory || null });
    else if (dataset.turn) Guanxi.lists.turn(dataset);
    else if (dataset.asOf !== undefined) go({ query: { asOf: dataset.asOf || null } });
    else if (dataset.full) toggleFull();
    else if (dataset.close) button.closest("dialog")?.close();
    else if (dataset.logIn) logIn();
    else if (dataset.home) byId["home-link"]();
  }

  function switchLanguage(language) {
    document.cookie = `guanxi_lang=${language}; Path=/; Max-Age=31536000; SameSite=Strict`;
    go({ query: { lang: language } });
  }

  const keys = {
    "/": () => Guanxi.omnibox.focus(),
    f: fitSelection,
    0: () => Guanxi.canvas.fit(),
    e: () => Guanxi.history.expand(Guanxi.selection.selectedNode() ?? ""),
    E: () => Guanxi.history.collapse(Guanxi.selection.selectedNode()),
    r: () => Guanxi.links.begin(),
    g: toggleFull,
    s: toggleSources,
    t: () => Guanxi.table.toggle(),
    l: () => { const legend = document.getElementById("legend"); if (legend) legend.open = !legend.open; },
    "?": () => Guanxi.dialogs.show("keys-dialog"),
    Escape: () => { if (Guanxi.links.active()) Guanxi.links.stop(); else Guanxi.selection.clear(); },
  };

  function onKey(event) {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (Guanxi.dialogs.anyOpen()) {
      const confirm = { "reveal-reason": Guanxi.dialogs.confirmReveal, "link-reason": Guanxi.links.confirm,
        "record-reason": Guanxi.casework.confirm, "block-reason": Guanxi.blocklist.confirm, "block-key": Guanxi.blocklist.confirm }[event.target.id];
      if (event.key === "Enter" && confirm && !event.isComposing) {
        event.preventDefault(); // or the button that gets the focus back is pressed by the same key
        confirm();
      }
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); keys["/"](); return; }
    if (typing) { if (event.key === "Escape") event.target.blur(); return; }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
      event.preventDefault();
      if (event.shiftKey) Guanxi.history.redo();
      else Guanxi.history.undo();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.shiftKey && event.key === "E" ? "E" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = keys[key];
    if (!action || (!page.view?.key && !["/", "?"].includes(key))) return;
    event.preventDefault();
    action();
  }

  function onHover(event, on) {
    const row = event.target.closest?.("#overview button.find, #legend button.find");
    if (row) Guanxi.selection.preview(row, on);
  }

  /* A button that is pressed before the words and the dialogs have come is pressed once they are there. */
  const early = [];
  const framed = () => Boolean(page.words["product.name"] && document.getElementById("dialogs")?.firstChild);

  function onEarly(event) {
    const button = event.target.closest?.("button");
    if (!button || framed() || button.id === "retry-button" || button.closest("#toasts")) return;
    event.preventDefault();
    event.stopPropagation();
    if (early.push(button) === 1) whenFramed();
  }

  function whenFramed() {
    if (framed()) for (const button of early.splice(0)) button.click();
    else setTimeout(whenFramed, 50);
  }

  document.addEventListener("click", onEarly, true);
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("mouseover", (event) => onHover(event, true));
  document.addEventListener("mouseout", (event) => onHover(event, false));
})();
