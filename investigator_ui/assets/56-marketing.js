/* The marketer's pages: fields and forms, what their buttons do, progress of long work, downloads. What there is to do the page itself says. */
"use strict";

Guanxi.market = (() => {
  const { page, say, tell, toast, element, visit, debounce } = Guanxi;
  const SHORTEST_REASON = 4;
  const POLL = 1200; // milliseconds between two looks at long work
  const PATIENCE = 5; // so many times as long where there was no answer
  const hooks = {};
  const waiting = []; // asked one after another: an answer belongs to one question
  let asked = 0;
  let current = null;
  let followed = null;
  let pending = null; // what the dialog asks about

  const byId = (id) => document.getElementById(id);
  const on = (name, hook) => { hooks[name] = hook; };

  /* The answer of the page's action; rejected where the page was left or the server failed. */
  function ask(action, values = {}) {
    return new Promise((resolve, reject) => {
      waiting.push({ action, values, page: page.market?.name, resolve, reject });
      next();
    });
  }

  function next() {
    if (current || waiting.length === 0) return;
    current = waiting.shift();
    current.n = ++asked;
    const { action, values, page: name, reject, n } = current;
    if (!name || name !== page.market?.name) { current = null; reject(new Error("left")); next(); return; }
    tell("ask-page", { data: { action, values, page: name, question: page.market.question, asOf: page.market.asOf, n } });
  }

  function done(answer) {
    if (!answer || answer.n !== current?.n) return;
    const finished = current;
    current = null;
    if (finished.page !== page.market?.name) finished.reject(new Error("left"));
    else finished.resolve(answer);
    setTimeout(() => { equip(); next(); }, 0);
  }

  /* After a failure that was told elsewhere: whatever was asked is over. */
  function idle() {
    const finished = current;
    current = null;
    finished?.reject(new Error("failed"));
    next();
  }

  /* Fields are the browser's own; what is typed stays when the page is drawn again with the same values. */
  function equip() {
    for (const slot of document.querySelectorAll("span[data-field]")) fill(slot);
    for (const bar of document.querySelectorAll(".page-progress[data-id]")) if (bar.dataset.id) follow(bar.dataset.id);
  }

  /* In another language, or when long work has ended, the page is made anew: what was typed goes back into its field. */
  let typed = { page: "", values: new Map() };

  function remember(made) {
    const { field, value } = made.closest("[data-field]").dataset;
    typed.values.set(field, { told: value, said: made.type === "checkbox" ? made.checked : made.value });
  }

  function write(made, value) {
    if (!made) return;
    made.value = value;
    remember(made);
  }

  function recalled(field, value) {
    const found = typed.values.get(field);
    return found?.told === value ? found.said : null;
  }

  /* Whether somebody has written into it what is not saved. */
  function changed(form) {
    if (form.sent) return false; // what it asks for is under way
    if (form.dataset.values && form.dataset.values !== "{}") return true; // what the builder of segments holds
    return [...form.querySelectorAll("[data-field]")].some(({ dataset: { field, value } }) => {
      const said = typed.values.get(field)?.said;
      return said !== undefined && (typeof said === "boolean" ? said !== (value === "1") : said !== value);
    });
  }

  function forget(form) {
    typed.values.clear();
    if (form?.dataset.guarded) form.dataset.values = "";
  }

  function drawn() {
    const here = page.market ? JSON.stringify([page.market.name, page.market.question]) : "";
    if (here !== typed.page) typed = { page: here, values: new Map() };
    equip();
    for (const form of document.querySelectorAll("form[data-guarded='1']")) if (unsaid(form)) look(form, form.querySelector("[data-live]:not([data-live=''])")?.dataset.live);
    const root = document.querySelector(".market-page");
    if (root && page.market) hooks[page.market.name]?.(root);
  }

  /* Drawn anew, as in another language, it has forgotten what was found out about what is written in it. */
  function unsaid(form) {
    const live = form.querySelector("[data-live]:not([data-live='']) > .field");
    return Boolean(live?.value) && !form.looking && form.querySelector(".live-part > p.hint:only-child") !== null;
  }

  function fill(slot) {
    const { field, value } = slot.dataset;
    if (!slot.firstChild) slot.append(control(slot));
    const made = slot.firstChild;
    if (slot.dataset.kind === "select") options(made, slot.dataset.options);
    else if (slot.dataset.options) suggest(slot);
    if (slot.drawn === value) return;
    slot.drawn = value;
    const said = recalled(field, value);
    if (made.type === "checkbox") made.checked = said ?? value === "1";
    else made.value = said ?? value;
    if (slot.dataset.live && made.value) look(slot.closest("form"), slot.dataset.live); // what is there already is looked at too
    if (slot.dataset.fixed) made.setAttribute(made.tagName === "SELECT" ? "disabled" : "readonly", "");
    refuse(field, "");
  }

  function control(slot) {
    const { field, kind, most, rows, required, hinted, live } = slot.dataset;
    const shared = { id: `field-${field}`, name: field, class: "field", autocomplete: "off", required: Boolean(required),
      "aria-describedby": `${hinted ? `hint-${field} ` : ""}problem-${field}` };
    if (kind === "select") return element("select", shared);
    if (kind === "checkbox") return element("input", { ...shared, class: "tick", type: "checkbox" });
    const area = kind === "textarea" || kind === "code";
    const made = area ? element("textarea", { ...shared, rows, maxlength: most, spellcheck: kind === "code" ? "false" : null })
      : element("input", { ...shared, type: kind, maxlength: kind === "text" ? most : null, list: slot.dataset.options ? `list-${field}` : null });
    if (live) made.addEventListener("input", debounce(() => look(made.closest("form"), live), 450));
    return made;
  }

  function options(select, told) {
    if (select.told === told) return;
    const before = select.value;
    select.told = told;
    select.replaceChildren(...JSON.parse(told || "[]").map(([value, caption]) => element("option", { value }, caption)));
    if (before) select.value = before;
  }

  /* What others wrote in the field before, to choose from. */
  function suggest(slot) {
    const list = slot.querySelector("datalist") ?? slot.appendChild(element("datalist", { id: `list-${slot.dataset.field}` }));
    options(list, slot.dataset.options);
  }

  /* While people type: what is there so far is looked at, one question at a time, and once more where it changed meanwhile. */
  async function look(form, action) {
    if (!form) return;
    form.again = true;
    if (form.looking) return;
    form.looking = true;
    while (form.again && form.isConnected) {
      form.again = false;
      const answer = await answered(action, collect(form));
      if (answer && !form.again) show(answer, form, { live: form.querySelector(`[data-live="${CSS.escape(action)}"]`)?.dataset.field });
    }
    form.looking = false;
  }

  const answered = (action, values) => ask(action, values).catch(() => null);

  function collect(form) {
    const values = JSON.parse(form.dataset.values || "{}");
    for (const made of form.querySelectorAll("[data-field] > .field, [data-field] > .tick")) values[made.name] = made.type === "checkbox" ? made.checked : made.value;
    return values;
  }

  function refuse(field, words) {
    const made = byId(`field-${field}`);
    const line = byId(`problem-${field}`);
    if (!line) return false;
    line.textContent = words;
    if (words) made?.setAttribute("aria-invalid", "true");
    else made?.removeAttribute("aria-invalid");
    return true;
  }

  const told = (slot) => byId(`problem-${slot.dataset.field}`)?.textContent ?? "";

  /* Everything that an answer says, where it belongs. True where it was done. `live`: the field that was looked at while somebody typed into it;
     what is said at the others, and in the form's line, stays. */
  function show(answer, form = null, { focus = false, live = "" } = {}) {
    const lost = [];
    for (const { dataset: { field } } of form?.querySelectorAll("[data-field]") ?? []) {
      const words = answer.problems?.[field] ?? "";
      if (words || !live || field === live) refuse(field, words);
    }
    for (const [field, words] of Object.entries(answer.problems ?? {})) if (!form || !form.querySelector(`[data-field="${CSS.escape(field)}"]`)) lost.push(words);
    if (answer.problem) lost.push(answer.problem);
    for (const [field, value] of Object.entries(answer.fields ?? {})) write(byId(`field-${field}`), value);

    const line = form?.querySelector(".form-problem");
    if (line && (lost.length > 0 || !live || line.live)) {
      line.textContent = lost.join(" ");
      line.live = Boolean(live) && lost.length > 0;
    } else if (!line && lost.length > 0) toast(lost.join(" "), { tone: "problem", code: answer.code });
    if (focus) form?.querySelector("[aria-invalid]")?.focus();
    if (answer.message) toast(answer.message);
    if (answer.progress) {
      if (form) form.sent = true;
      begin(answer.progress);
    }
    if (answer.go || answer.reload) forget(form);
    if (answer.go) visit(answer.go);
    else if (answer.reload) tell("retry", { data: `page ${++asked}` });
    return lost.length === 0 && !answer.problem && Object.keys(answer.problems ?? {}).length === 0;
  }

  async function submit(form) {
    equip(); // a form may be sent before its fields were put in
    const missing = [...form.querySelectorAll("[data-required='1'] > .field")].filter((made) => made.value.trim() === "" && !made.closest("[hidden]"));
    for (const slot of form.querySelectorAll("[data-field]")) {
      const needed = missing.includes(slot.firstChild);
      // Where nothing is sent yet, what was found wrong elsewhere stays.
      if (needed || missing.length === 0 || told(slot) === say("market.needed")) refuse(slot.dataset.field, needed ? say("market.needed") : "");
    }
    if (missing.length > 0) { missing[0].focus(); return; }
    await press(form.querySelector("[type=submit]"), form.dataset.do, collect(form), form);
  }

  /* A button waits while its action is at work. */
  async function press(button, action, values, form = null) {
    if (button.disabled) return false;
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    try {
      return show(await ask(action, values), form, { focus: true });
    } catch {
      return false;
    } finally {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  }

  const carried = (button) => JSON.parse(button.dataset.values || "{}");

  function act(button) {
    if (button.dataset.confirm) confirmFirst(button);
    else press(button, button.dataset.do, carried(button));
  }

  /* What the dialog is about; returns its button. */
  function put({ title, what, confirm, danger = false }) {
    byId("market-title").textContent = title;
    byId("market-what").textContent = what;
    byId("market-problem").textContent = "";
    const button = byId("market-confirm");
    button.textContent = confirm;
    button.classList.toggle("danger", danger);
    return button;
  }

  /* A question about something that needs no server: `run` does it. */
  function question({ title, what, confirm, run }) {
    pending = { run };
    const button = put({ title, what, confirm, danger: true });
    byId("market-fields").replaceChildren();
    Guanxi.dialogs.show("market-dialog");
    button.focus();
  }

  function confirmFirst(button) {
    pending = button;
    const { title, confirm: what, danger } = button.dataset;
    const confirm = put({ title: title || button.textContent, what, confirm: button.textContent || say("market.confirm"), danger: Boolean(danger) });
    const rows = button.dataset.reason ? [element("label", { for: "market-reason" }, say("market.reason")),
      element("input", { id: "market-reason", type: "text", class: "field", maxlength: 200, autocomplete: "off", required: true })] : [];
    byId("market-fields").replaceChildren(...rows);
    Guanxi.dialogs.show("market-dialog");
    (rows[1] ?? confirm).focus();
  }

  async function confirmed() {
    const { run } = pending;
    if (run) { byId("market-dialog").close(); run(); return; }
    const reason = byId("market-reason");
    if (reason && [...reason.value.trim()].length < SHORTEST_REASON) { byId("market-problem").textContent = say("market.short"); reason.focus(); return; }
    const confirm = byId("market-confirm");
    const values = { ...carried(pending), ...(reason ? { reason: reason.value.trim() } : {}) };
    if (confirm.disabled) return;
    confirm.disabled = true;
    try {
      const answer = await ask(pending.dataset.do, values);
      const problems = [answer.problem, ...Object.values(answer.problems ?? {})].filter(Boolean);
      byId("market-problem").textContent = problems.join(" ");
      if (problems.length > 0) return;
      byId("market-dialog").close();
      show(answer);
    } catch {
      byId("market-dialog").close();
    } finally {
      confirm.disabled = false;
    }
  }

  function begin(id) {
    const bar = document.querySelector(".page-progress");
    if (!bar) return;
    bar.dataset.id = id;
    follow(id);
  }

  const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

  /* `share` null: nobody knows how far it is. */
  function draw(bar, words, share = null) {
    bar.hidden = false;
    bar.querySelector(".progress-words").textContent = words;
    bar.classList.toggle("endless", share === null);
    bar.querySelector(".progress-bar > span").style.width = `${share ?? 30}%`;
  }

  /* Looks at long work until it ends; the page says how far it is. */
  async function follow(id) {
    if (followed === id) return;
    followed = id;
    while (followed === id) {
      const bar = document.querySelector(`.page-progress[data-id="${CSS.escape(id)}"]`);
      if (!bar) break;
      const silent = bar.hidden || bar.querySelector(".progress-words").textContent === "";
      if (silent && page.words["market.working"]) draw(bar, say("market.working")); // the page may be there before its words are
      const answer = await answered(bar.dataset.progress, { id });
      const far = answer?.values;
      if (!bar.isConnected) break;
      if (!far) {
        draw(bar, say("market.unheard"));
        if (!answer) break; // the page was left, or what went wrong was told
        await pause(POLL * PATIENCE);
        continue;
      }
      const stop = bar.querySelector("[data-stop]");
      if (stop) stop.hidden = !far.stoppable;
      const stage = far.stage || say("market.working");
      const words = far.ended ? far.message || say("market.done")
        : far.total ? say("market.progress", { stage, done: Guanxi.number(far.done), total: Guanxi.number(far.total) })
          : far.done ? say("market.stage", { stage, done: Guanxi.number(far.done) }) : stage;
      draw(bar, words, far.ended ? 100 : far.total ? Math.round((100 * far.done) / far.total) : null);
      if (far.ended) {
        bar.dataset.id = "";
        bar.hidden = true;
        const form = document.querySelector("form[data-guarded='1']");
        if (far.failed && form) form.sent = false; // what is written in it came to nothing
        toast(far.message || say("market.done"), { tone: far.failed ? "problem" : "info" });
        if (answer.go) { forget(document.querySelector(".page-form")); visit(answer.go); } else if (answer.reload) tell("retry", { data: `page ${++asked}` });
        break;
      }
      await pause(POLL);
    }
    if (followed === id) followed = null;
  }

  /* Through the server that holds the session: the file comes back as one piece and is kept under the name that the server gave it. */
  async function download(button) {
    if (button.disabled) return;
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    try {
      const body = JSON.stringify({ path: window.location.pathname, query: window.location.search, values: carried(button) });
      const response = await fetch(`/download/${page.market.name}/${button.dataset.download}`, { method: "POST", body, headers: { "Content-Type": "application/json" } });
      if (response.redirected || response.status === 401) { Guanxi.dialogs.show("session-dialog"); return; }
      if (!response.ok) {
        const told = await response.json().catch(() => ({ problem: say("market.failed") }));
        toast(told.problem, { tone: "problem", code: told.code });
        return;
      }
      const named = /filename="?([^";]+)"?/.exec(response.headers.get("Content-Disposition") ?? "");
      const name = named?.[1] ?? button.dataset.download;
      const url = URL.createObjectURL(await response.blob());
      element("a", { href: url, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
      toast(say("market.downloaded", { name }));
    } catch {
      toast(say("market.failed"), { tone: "problem" });
    } finally {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  }

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-do]");
    if (form) form.sent = false;
    if (event.target.closest("[data-field]")) remember(event.target);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-do]");
    if (!form) return;
    event.preventDefault();
    submit(form);
  });
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest("a[data-visit]");
    if (anchor && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); visit(anchor.getAttribute("href")); return; }
    const button = event.target.closest("button");
    if (!button || button.disabled) return;
    if (button.id === "market-confirm") confirmed();
    else if (button.dataset.stop) press(button, "stop", { id: button.closest(".page-progress").dataset.id });
    else if (button.dataset.download) download(button);
    else if (button.dataset.do) act(button);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.id === "market-reason" && !event.isComposing) { event.preventDefault(); confirmed(); }
  });
  document.addEventListener("close", (event) => { if (event.target.id === "market-dialog") { byId("market-fields").replaceChildren(); pending?.focus?.(); } }, true);

  return { on, ask, done, idle, drawn, show, collect, refuse, changed, forget, question };
})();
