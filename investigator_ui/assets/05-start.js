/* The page's own scripts live in one namespace. This file: words, the address, messages to and from Dash. */
"use strict";

window.Guanxi = (() => {
  const page = { lang: "zh", user: "", words: {}, view: null };

  /* The words for a key of texts.py, with {names} filled in. */
  function say(key, values = {}) {
    const words = page.words[key] ?? key;
    return words.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  }

  const number = (value) => Number(value).toLocaleString("en-US");

  /* Tells Dash: sets properties of a component, so that callbacks that listen to it run. */
  function tell(id, props) {
    window.dash_clientside.set_props(id, props);
  }

  let guard = () => false; // true where somebody is asked first, who may then go on
  const guardBy = (question) => { guard = question; };

  /* Goes to another view without loading the page again. null removes a part of the query. */
  function go({ pathname = window.location.pathname, query = {} }) {
    const search = new URLSearchParams(window.location.search);
    for (const [name, value] of Object.entries(query)) {
      if (value === null) search.delete(name);
      else search.set(name, value);
    }
    const target = address(pathname, search);
    const leave = () => {
      window.history.pushState({}, "", target);
      window.dispatchEvent(new PopStateEvent("popstate")); // Dash's Location reads the address anew and callbacks run
    };
    if (!guard(new URL(target, window.location.origin).href, leave)) leave();
  }

  function address(pathname, search) {
    const text = search.toString().replaceAll("%2C", ",").replaceAll("%2A", "*");
    return text ? `${pathname}?${text}` : pathname;
  }

  const EVERYWHERE = new Set(["lang", "asOf", "sourceOnly"]); // of an address: what goes on to the next page

  /* Whatever else belongs to the page that is left. */
  function left() {
    return Object.fromEntries([...new URLSearchParams(window.location.search).keys()].filter((name) => !EVERYWHERE.has(name)).map((name) => [name, null]));
  }

  function openSubject(nodeId, { full = false } = {}) {
    go({ pathname: `/subject/${encodeURIComponent(nodeId)}`, query: { ...left(), full: full ? "1" : null } });
  }

  /* The other pages know no past day. */
  const dated = (pathname) => pathname === "/" || pathname === "/rings" || pathname.startsWith("/subject/");

  const todayOnly = () => !dated(window.location.pathname);

  /* The start page, or that of a list or of the marketer's. */
  const openPage = (pathname) => visit(pathname);

  /* An address of ours, with a query of its own. */
  function visit(href) {
    const { pathname, searchParams } = new URL(href, window.location.origin);
    go({ pathname, query: { ...left(), sourceOnly: null, ...(dated(pathname) ? {} : { asOf: null }), ...Object.fromEntries(searchParams) } });
  }

  /* A community of the map, known by one of its nodes; null goes back to the map. */
  function openCommunity(id) {
    go({ query: { community: id === null ? null : id.replace(/^community~/, ""), expanded: null } });
  }

  /* Changes the address that a reload or a copied link uses; the view itself stays. */
  function remember(name, value) {
    const search = new URLSearchParams(window.location.search);
    if (value) search.set(name, value);
    else search.delete(name);
    window.history.replaceState(window.history.state, "", address(window.location.pathname, search));
  }

  function logIn() {
    const here = window.location.pathname + window.location.search;
    window.location.assign(`/login?next=${encodeURIComponent(here)}`);
  }

  function debounce(action, milliseconds) {
    let timer = null;
    return (...values) => {
      clearTimeout(timer);
      timer = setTimeout(() => action(...values), milliseconds);
    };
  }

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "class") made.className = value;
      else made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  /* A short message at the bottom. It stays long enough to be read; a problem stays until dismissed. */
  function toast(words, { tone = "info", action = null, code = null } = {}) {
    const box = document.getElementById("toasts");
    if (!box) return;
    const close = element("button", { type: "button", class: "toast-close", "aria-label": say("toast.close") }, "×");
    const message = element("div", { class: `toast ${tone}`, "data-code": code }, element("span", {}, words));
    if (action) {
      const button = element("button", { type: "button", class: "toast-action" }, action.label);
      button.addEventListener("click", () => { message.remove(); action.run(); });
      message.append(button);
    }
    message.append(close);
    close.addEventListener("click", () => message.remove());
    while (box.children.length >= 3) box.firstChild.remove();
    box.append(message);
    if (tone !== "problem") setTimeout(() => message.remove(), 7000);
  }

  const clearToasts = () => document.getElementById("toasts")?.replaceChildren();

  return { clearToasts, page, say, number, tell, go, guardBy, visit, openSubject, openPage, todayOnly, openCommunity, remember, logIn, debounce, element, toast };
})();
