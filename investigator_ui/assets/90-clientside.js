/* What Dash calls in the browser (callbacks/browser.py): a new view, new words, an expansion, a revealed value, a message. */
"use strict";

window.dash_clientside = Object.assign({}, window.dash_clientside, {
  guanxi: (() => {
    const { page, say, toast } = Guanxi;
    const nothing = () => window.dash_clientside.no_update;
    let emptyDrawing = null; // of a page without a graph

    function viewOpened(view, drawing) {
      if (!view?.subject || !view.graph) {
        const before = page.list;
        page.view = null;
        page.list = view?.rings ? "rings" : view?.blocklist ? "blocklist" : view?.page ? view.page.name : null;
        page.market = view?.page ? { ...view.page, asOf: view.asOf } : null;
        if (page.market?.home && window.location.pathname === "/") window.history.replaceState({}, "", page.market.home + window.location.search);
        if (view) Guanxi.canvas.open(null);
        emptyDrawing = page.market ? null : drawing;
        if (page.list) Guanxi.selection.clear();
        if (page.list && page.list !== before) arrived();
        title();
        controls();
        return nothing();
      }
      page.list = null;
      page.market = null;
      const elsewhere = view.key !== page.view?.key;
      const { nodes, edges, aggregated } = view.graph;
      if (view.subject.node.id !== page.view?.subjectId) document.getElementById("rail").scrollTop = 0;
      page.view = {
        key: view.key,
        full: view.full,
        sourceOnly: view.sourceOnly,
        asOf: view.asOf,
        subjectId: view.subject.node.id,
        caption: view.subject.node.caption,
        aggregated,
        readOnly: aggregated || nodes + edges > Guanxi.canvas.READ_ONLY,
      };
      page.density = Guanxi.canvas.densityOf(nodes + edges, aggregated);
      page.counted = `${view.key} ${nodes} ${edges}`;
      title();
      Guanxi.history.reset();
      Guanxi.links.stop();
      Guanxi.table.restart();
      controls();
      if (elsewhere) arrived();
      const { dataset } = document.getElementById("page");
      delete dataset.drawn;
      dataset.state = "graph"; // the server says so too, with the panels: the picture need not wait for them
      Guanxi.canvas.open(drawing, () => {
        Guanxi.canvas.watchSize();
        Guanxi.canvas.changed();
        Guanxi.selection.changed();
        Guanxi.canvas.fitWhenSettled();
      });
      return nothing();
    }

    /* What was said of the page that was left, and typed there, goes. The same page drawn again (a filter, a change of a list) takes nothing away. */
    function arrived() {
      Guanxi.clearToasts();
      Guanxi.omnibox.clear();
    }

    function title() {
      const lists = { rings: say("rings.title"), blocklist: say("blocklist.title") };
      const about = page.view?.caption ?? lists[page.list] ?? page.market?.[page.lang === "en" ? "titleEn" : "titleZh"];
      document.title = about ? `${about} · ${say("product.name")}` : say("product.name");
    }

    /* Other words, or another density of what is open. */
    function restyled(style) {
      if (style && page.view) Guanxi.canvas.restyle(style);
      return nothing();
    }

    /* Parts drawn by the server know nothing of where the page stands: put that back. */
    function controls() {
      document.getElementById("full-switch")?.setAttribute("aria-checked", String(Boolean(page.view?.full)));
      document.getElementById("source-switch")?.setAttribute("aria-checked", String(Boolean(page.view?.sourceOnly)));
      for (const link of document.querySelectorAll("a[data-page]")) {
        const { page: there } = link.dataset;
        if (there === window.location.pathname || (there !== "/" && window.location.pathname.startsWith(`${there}/`))) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
      Guanxi.links.controls();
      Guanxi.history.buttons();
      Guanxi.omnibox.equip();
    }

    function textsChanged(texts) {
      if (!texts) return nothing();
      if (texts.lang !== page.lang) Guanxi.clearToasts();
      Object.assign(page, { lang: texts.lang, user: texts.user, mayEdit: texts.mayEdit, listable: texts.listable, zone: texts.zone, words: texts.words, types: texts.types, grades: texts.grades, gradeNames: texts.gradeNames });
      document.documentElement.lang = texts.lang === "zh" ? "zh-CN" : "en";
      title();
      setTimeout(() => {
        controls();
        Guanxi.table.draw();
        Guanxi.market.drawn();
        if (window.location.pathname === "/") Guanxi.omnibox.focus();
      }, 0);
      return nothing();
    }

    return {
      viewOpened,
      restyled,
      textsChanged,
      expanded: (answer) => { Guanxi.history.expanded(answer); return nothing(); },
      explained: (answer) => { Guanxi.why.explained(answer); return nothing(); },
      revealed: (answer) => { Guanxi.dialogs.revealed(answer); return nothing(); },
      blocked: (answer) => { Guanxi.blocklist.blocked(answer); return nothing(); },
      listDrawn: () => { setTimeout(() => { Guanxi.lists.equip(); Guanxi.market.drawn(); if (emptyDrawing && !page.view) Guanxi.canvas.warm(emptyDrawing); }, 0); return nothing(); },
      pageDone: (answer) => { Guanxi.market.done(answer); return nothing(); },
      recorded: (answer) => { Guanxi.casework.recorded(answer); return nothing(); },
      linked: (answer) => { Guanxi.links.linked(answer); return nothing(); },
      toast: (message) => { if (message) toast(message.text, message); Guanxi.links.idle(); Guanxi.casework.idle(); Guanxi.blocklist.idle(); Guanxi.market.idle(); Guanxi.why.idle(); Guanxi.canvas.cy()?.nodes(".busy").removeClass("busy"); return nothing(); },
      sessionEnded: (ended) => { Guanxi.links.idle(); Guanxi.casework.idle(); Guanxi.blocklist.idle(); Guanxi.market.idle(); if (ended) Guanxi.dialogs.show("session-dialog"); return nothing(); },
      chosen: (answer) => { if (answer) Guanxi.openSubject(answer.node, { full: Boolean(answer.full) }); return nothing(); },
      refused: (html) => { Guanxi.omnibox.refused(html); return nothing(); },
      suggested: (html) => { Guanxi.omnibox.suggested(html); return nothing(); },
    };
  })(),
});
