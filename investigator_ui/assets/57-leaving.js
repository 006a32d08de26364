/* A form with changes that nobody saved is not left without a question: by a link of ours, by the browser's way back, by closing the tab. */
"use strict";

(() => {
  const { page, say } = Guanxi;
  let here = window.location.href; // of the form, when it was changed last
  let passing = false; // on the way that was agreed to

  const form = () => (page.market ? document.querySelector("form[data-guarded='1']") : null);
  const changed = () => { const found = form(); return found !== null && Guanxi.market.changed(found); };

  /* The same page, in another language at most. */
  function same(one, other) {
    const [first, second] = [new URL(one), new URL(other)];
    for (const each of [first, second]) each.searchParams.delete("lang");
    return first.pathname === second.pathname && first.search === second.search;
  }

  function question(leave) {
    Guanxi.market.question({
      title: say("market.leave_title"),
      what: say("market.leave_what"),
      confirm: say("market.leave"),
      run: () => { Guanxi.market.forget(form()); leave(); },
    });
  }

  Guanxi.guardBy((target, leave) => {
    if (!changed() || same(window.location.href, target)) return false;
    question(leave);
    return true;
  });

  for (const kind of ["input", "click"]) {
    document.addEventListener(kind, (event) => { if (event.target.closest?.("form[data-guarded='1']")) here = window.location.href; }, true);
  }

  /* The address has changed already: it is put back until somebody has agreed. Before Dash learns of it. */
  window.addEventListener("popstate", (event) => {
    if (!event.isTrusted) return;
    if (passing || !changed() || same(here, window.location.href)) { passing = false; return; }
    event.stopImmediatePropagation();
    window.history.pushState({}, "", here);
    question(() => { passing = true; window.history.back(); });
  }, true);

  window.addEventListener("beforeunload", (event) => {
    if (!changed()) return;
    event.preventDefault();
    event.returnValue = ""; // for browsers that ask for it
  });
})();
