/* The builder of segments: a tree of conditions that is clicked together, kept as the API's JSON. The rule's text and the waterfall come from the server. */
"use strict";

(() => {
  const { say, element, debounce } = Guanxi;
  const COMPARISONS = ["=", "<>", "<", "<=", ">", ">="];
  const SAME = ["=", "<>"];
  const word = (key) => say(`segments.script.${key}`);
  let offered = null; // what there is to choose from
  let root = null; // {not, parts, mode} for a group, {not, what, …} for a condition
  let form = null;

  /* --- from the API's tree and to it; null where something is not filled in yet --- */

  const group = (mode = "all", parts = [], not = false) => ({ not, mode, parts });
  const targetOf = (label) => offered.targets[label] ?? { caption: label, fields: [] };
  const fieldOf = (label, name) => targetOf(label).fields.find((field) => field.name === name);
  const tagOf = (code) => offered.tags.find((tag) => tag.code === code);

  function read(tree, label, not = false) {
    if (tree.not) return read(tree.not, label, !not);
    if (tree.all) return group("all", tree.all.map((part) => read(part, label)), not);
    if (tree.any) return group("any", tree.any.map((part) => read(part, label)), not);
    return { not, ...(leaf(tree, label) ?? { what: "raw", tree }) };
  }

  function leaf(tree, label) {
    if (tree.segment) return offered.segments.some(([code]) => code === tree.segment) ? { what: `segment:${tree.segment}` } : null;
    if (tree.blocklisted) return offered.blocklist ? { what: "blocklisted" } : null;
    if (tree.tag) return tagOf(tree.tag) ? { what: `tag:${tree.tag}` } : null;
    if (tree.near) return offered.targets[tree.near.type] ? { what: "near", to: tree.near.type, hops: tree.near.within, where: inner(tree.near) } : null;
    return tree.of ? compared(tree, tree.of, label) : null;
  }

  const inner = (of, label = of.type ?? of.to) => (of.where ? asGroup(read(of.where, label)) : null);
  const asGroup = (node) => (node.parts ? node : group("all", [node]));

  function compared(tree, of, label) {
    const op = tree.in ? "in" : tree.notIn ? "notIn" : tree.is;
    const said = tree.in ?? tree.notIn ?? (tree.value === undefined ? [] : [tree.value]);
    const day = said.some((value) => typeof value === "object");
    if (day && !COMPARISONS.includes(op)) return null;
    const values = said.map((value) => (value?.day ?? value));
    if (of.degree && offered.ties.some((tie) => tie.type === of.degree) && COMPARISONS.includes(op)) {
      return { what: "degree", tie: of.degree, direction: of.direction ?? "", to: of.to ?? "", where: inner(of), op, values };
    }
    if (of.shared && !of.by && offered.shared.some(([each]) => each === of.shared) && COMPARISONS.includes(op)) return { what: "shared", identifier: of.shared, op, values };
    if (of.tag && tagOf(of.tag)) return { what: `tag:${of.tag}`, op, values };
    const how = of.daysSince ? "since" : of.daysUntil ? "until" : of.yearsSince ? "years" : "day";
    const name = of.daysSince ?? of.daysUntil ?? of.yearsSince ?? of.property;
    if (how !== "day" && !COMPARISONS.includes(op)) return null;
    return name && fieldOf(label, name) ? { what: `property:${name}`, how, op, values } : null;
  }

  function tree(node, label) {
    const made = node.parts ? joined(node, label) : condition(node, label);
    return made && (node.not ? { not: made } : made);
  }

  function joined(node, label) {
    const parts = node.parts.map((part) => tree(part, label));
    if (parts.length === 0 || parts.includes(null)) return null;
    return parts.length === 1 ? parts[0] : { [node.mode]: parts };
  }

  function condition(node, label) {
    const [family, name] = (node.what ?? "").split(/:(.*)/s);
    switch (family) {
      case "raw": return node.tree;
      case "segment": return { segment: name };
      case "blocklisted": return { blocklisted: true };
      case "near": return node.to ? withWhere({ near: { type: node.to, within: Number(node.hops) } }, "near", node, node.to) : null;
      case "degree": return node.tie ? counting(node, withWhere({ of: { degree: node.tie, ...(node.direction ? { direction: node.direction } : {}), ...(node.to ? { to: node.to } : {}) } }, "of", node, node.to)) : null;
      case "shared": return node.identifier ? counting(node, { of: { shared: node.identifier } }) : null;
      case "tag": return tagOf(name)?.kind === "BOOL" ? { tag: name } : valued(node, { tag: name }, tagOf(name)?.kind ?? "TEXT");
      case "property": return ofProperty(node, name, fieldOf(label, name));
      default: return null;
    }
  }

  function withWhere(made, key, node, label) {
    if (!node.where || !made) return made;
    const where = label ? tree(node.where, label) : null;
    return where ? { ...made, [key]: { ...made[key], where } } : null;
  }

  const counting = (node, made) => made && number(node.values[0]) !== null ? { ...made, is: node.op, value: number(node.values[0]) } : null;
  const number = (text) => (String(text ?? "").trim() === "" || Number.isNaN(Number(text)) ? null : Number(text));

  function ofProperty(node, name, field) {
    if (!field) return null;
    if (node.op === "known" || node.op === "missing") return { of: { property: name }, is: node.op };
    if (field.kind === "AGE") return counting(node, { of: { yearsSince: name } });
    if (field.kind === "DAY" && node.how !== "day") return counting(node, { of: { [node.how === "since" ? "daysSince" : "daysUntil"]: name } });
    return valued(node, { property: name }, field.kind);
  }

  function valued(node, of, kind) {
    if (node.op === "known" || node.op === "missing") return { of, is: node.op };
    const made = node.values.map((value) => cell(value, kind));
    if (made.length === 0 || made.includes(null)) return null;
    return node.op === "in" || node.op === "notIn" ? { of, [node.op]: made } : { of, is: node.op, value: made[0] };
  }

  function cell(value, kind) {
    if (kind === "NUMBER") return number(value);
    if (kind === "DAY" || kind === "DATE") return /^\d{4}-\d\d-\d\d$/.test(value ?? "") ? { day: value } : null;
    if (kind === "FLAG") return value === true || value === "true";
    return value === undefined || value === "" ? null : String(value);
  }

  /* --- drawing --- */

  function select(label, value, options, change, focus = "") {
    const made = element("select", { class: "field", "aria-label": label, "data-focus": focus });
    for (const [key, inside] of options) {
      if (Array.isArray(inside)) {
        const many = element("optgroup", { label: key });
        many.append(...inside.map(([each, caption]) => element("option", { value: each }, caption)));
        if (inside.length > 0) made.append(many);
      } else made.append(element("option", { value: key }, inside));
    }
    made.value = value ?? "";
    made.addEventListener("change", () => change(made.value));
    return made;
  }

  function input(label, kind, value, change) {
    const made = element("input", { class: "field", type: kind, "aria-label": label, autocomplete: "off" });
    made.value = value ?? "";
    made.addEventListener("input", () => { change(made.value); changed(); });
    return made;
  }

  function button(caption, what, work, focus = "") {
    const made = element("button", { type: "button", class: "link-button", "aria-label": what, title: what, "data-focus": focus }, caption);
    made.addEventListener("click", work);
    return made;
  }

  function edit(work) {
    return (value) => { work(value); draw(); changed(); };
  }

  function negation(node, at) {
    const made = element("button", { type: "button", class: "not-toggle", "aria-pressed": node.not ? "true" : "false", title: word("not_why"), "data-focus": `${at}-not` }, word("not"));
    made.addEventListener("click", edit(() => { node.not = !node.not; }));
    return made;
  }

  function drawGroup(node, label, at, remove) {
    const head = element("div", { class: "group-head" },
      select(word("group"), node.mode, [["all", word("all")], ["any", word("any")]], edit((mode) => { node.mode = mode; }), `${at}-mode`), negation(node, at));
    if (remove) head.append(button("×", word("remove"), remove));
    const parts = element("ul", { class: "group-parts" }, ...node.parts.map((part, place) => {
      const path = `${at}.${place}`;
      const gone = edit(() => { node.parts.splice(place, 1); });
      return element("li", {}, part.parts ? drawGroup(part, label, path, gone) : drawCondition(part, label, path, gone));
    }));
    if (node.parts.length === 0) parts.append(element("li", { class: "hint" }, word("empty")));
    const add = element("div", { class: "group-add" },
      button(`＋ ${word("add")}`, word("add"), edit(() => { node.parts.push({ not: false, what: "" }); focusAt = `${at}.${node.parts.length - 1}-what`; }), `${at}-add`),
      button(`＋ ${word("add_group")}`, word("add_group"), edit(() => { node.parts.push(group(node.mode === "all" ? "any" : "all")); }), `${at}-group`));
    return element("div", { class: `group ${node.mode}${node.not ? " negated" : ""}`, role: "group", "aria-label": word("group") }, head, parts, add);
  }

  function choices(label) {
    const top = label === offered.root;
    const tags = offered.tags.filter((tag) => tag.type === label).map((tag) => [`tag:${tag.code}`, tag.caption]);
    const fields = targetOf(label).fields.map((field) => [`property:${field.name}`, field.caption]);
    const graph = [["degree", word("degree")], ["shared", word("shared")], ["near", word("near")]];
    if (offered.blocklist) graph.push(["blocklisted", word("blocklisted")]);
    return [["", word("choose")], [word("tags"), tags], [word("properties"), fields],
      [word("segments"), top ? offered.segments.map(([code, name]) => [`segment:${code}`, name]) : []], [word("graph"), top ? graph : []]];
  }

  function begin(node, what, label) {
    for (const key of Object.keys(node)) if (key !== "not") delete node[key];
    const [family, name] = what.split(/:(.*)/s);
    Object.assign(node, { what, values: [] });
    const field = family === "property" ? fieldOf(label, name) : null;
    if (family === "property") Object.assign(node, { how: field.kind === "AGE" ? "years" : "day", op: field.choices.length > 0 ? "in" : field.kind === "NUMBER" || field.kind === "DAY" || field.kind === "AGE" ? ">=" : "=" });
    if (family === "tag" && tagOf(name).kind !== "BOOL") node.op = tagOf(name).kind === "TEXT" ? "in" : ">=";
    if (family === "degree") Object.assign(node, { tie: offered.ties[0]?.type, direction: "", to: "", where: null, op: ">=", values: ["1"] });
    if (family === "shared") Object.assign(node, { identifier: offered.shared[0]?.[0], op: ">=", values: ["1"] });
    if (family === "near") Object.assign(node, { to: offered.root, hops: 1, where: null });
    if (field?.kind === "FLAG") node.values = ["true"];
  }

  function drawCondition(node, label, at, remove) {
    const row = element("div", { class: `condition${node.not ? " negated" : ""}` }, negation(node, at));
    if (node.what === "raw") row.append(element("span", { class: "quiet" }, word("as_text")));
    else {
      row.append(select(word("condition"), node.what, choices(label), edit((what) => begin(node, what, label)), `${at}-what`));
      row.append(...controls(node, label, at));
    }
    row.append(button("×", word("remove"), remove));
    const where = node.where ? drawWhere(node, at) : null;
    return element("div", {}, row, where);
  }

  function drawWhere(node, at) {
    const gone = edit(() => { node.where = null; });
    return element("div", { class: "where" }, element("span", { class: "quiet" }, word("where")), drawGroup(node.where, node.to, `${at}-where`, gone));
  }

  function controls(node, label, at) {
    const [family, name] = (node.what ?? "").split(/:(.*)/s);
    switch (family) {
      case "tag": return tagOf(name).kind === "BOOL" ? [] : comparison(node, tagOf(name), at);
      case "property": return property(node, fieldOf(label, name), at);
      case "degree": return degree(node, at);
      case "shared": return [select(word("identifier"), node.identifier, offered.shared, edit((value) => { node.identifier = value; })), ...count(node, at)];
      case "near": return [hops(node, at), ends(node, Object.keys(offered.targets), at), ...narrowed(node, at)];
      default: return [];
    }
  }

  const operators = (node, list, at) => select(word("operator"), node.op, list.map((op) => [op, { in: word("in_list"), notIn: word("not_in"), known: word("known"), missing: word("missing") }[op] ?? op]),
    edit((op) => { node.op = op; if (!["in", "notIn"].includes(op)) node.values = node.values.slice(0, 1); }), `${at}-op`);
  const count = (node, at) => [operators(node, COMPARISONS, at), input(word("value"), "number", node.values[0], (value) => { node.values = [value]; })];
  const hops = (node, at) => select(word("hops"), String(node.hops), [["1", "1"], ["2", "2"]], edit((value) => { node.hops = Number(value); }), `${at}-hops`);
  const ends = (node, labels, at, any = false) => select(word("to"), node.to, [...(any ? [["", word("anything")]] : []), ...labels.map((each) => [each, targetOf(each).caption])],
    edit((value) => { node.to = value; node.where = null; }), `${at}-to`);
  const narrowed = (node, at) => (node.to && !node.where ? [button(word("add_where"), word("add_where"), edit(() => { node.where = group("all", [{ not: false, what: "" }]); }), `${at}-narrow`)] : []);

  function degree(node, at) {
    const tie = offered.ties.find((each) => each.type === node.tie);
    const made = [select(word("tie"), node.tie, offered.ties.map((each) => [each.type, each.caption]), edit((value) => Object.assign(node, { tie: value, direction: "", to: "", where: null })), `${at}-tie`)];
    if (tie.directed) made.push(select(word("direction"), node.direction, [["", word("both")], ["out", word("out")], ["in", word("in")]], edit((value) => { node.direction = value; }), `${at}-way`));
    made.push(ends(node, tie.to, at, true), ...count(node, at), ...narrowed(node, at));
    return made;
  }

  function property(node, field, at) {
    if (field.kind === "AGE") return [element("span", { class: "quiet" }, word("years")), ...(["known", "missing"].includes(node.op) ? [operators(node, [...COMPARISONS, "known", "missing"], at)] : [operators(node, [...COMPARISONS, "known", "missing"], at), input(word("value"), "number", node.values[0], (value) => { node.values = [value]; })])];
    if (field.kind !== "DAY") return comparison(node, field, at);
    const how = select(word("how"), node.how, [["day", word("day")], ["since", word("since")], ["until", word("until")]], edit((value) => Object.assign(node, { how: value, values: [] })), `${at}-how`);
    return node.how === "day" ? [how, ...comparison(node, field, at)] : [how, ...count(node, at)];
  }

  function comparison(node, of, at) {
    const ordered = ["NUMBER", "DAY", "DATE"].includes(of.kind);
    const list = [...(ordered ? COMPARISONS : SAME), ...(of.kind === "TEXT" ? ["in", "notIn"] : []), "known", "missing"];
    const made = [operators(node, of.kind === "NUMBER" && ["in", "notIn"].includes(node.op) ? [...list, "in", "notIn"] : list, at)];
    if (node.op === "known" || node.op === "missing") return made;
    const many = node.op === "in" || node.op === "notIn";
    if (of.kind === "FLAG") made.push(select(word("value"), String(node.values[0]), [["true", word("yes")], ["false", word("no")]], edit((value) => { node.values = [value]; })));
    else if (of.choices?.length > 0 && many) made.push(ticks(node, of.choices), ...(of.open ? [other(node)] : []));
    else if (of.choices?.length > 0 && of.open) made.push(...suggested(node, of.choices, at));
    else if (of.choices?.length > 0) made.push(select(word("value"), node.values[0], [["", word("choose")], ...of.choices], edit((value) => { node.values = value ? [value] : []; }), `${at}-value`));
    else if (many) made.push(input(word("values"), "text", node.values.join(", "), (value) => { node.values = value.split(/[,，]/).map((each) => each.trim()).filter(Boolean); }));
    else made.push(input(word("value"), of.kind === "NUMBER" ? "number" : ordered ? "date" : "text", node.values[0], (value) => { node.values = value === "" ? [] : [value]; }));
    return made;
  }

  function ticks(node, options) {
    const known = new Set(options.map(([value]) => value));
    const all = [...options, ...node.values.filter((value) => !known.has(value)).map((value) => [value, value])];
    return element("span", { class: "ticks", role: "group", "aria-label": word("values") }, ...all.map(([value, caption]) => {
      const box = element("input", { type: "checkbox", class: "tick-box", checked: node.values.includes(value) });
      box.addEventListener("change", () => { node.values = box.checked ? [...node.values, value] : node.values.filter((each) => each !== value); changed(); });
      return element("label", {}, box, caption);
    }));
  }

  /* A value that has no words: typed, and ticked once it is there. */
  function other(node) {
    const made = element("input", { class: "field", type: "text", "aria-label": word("other_value"), placeholder: word("other_value"), autocomplete: "off" });
    made.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); made.blur(); } });
    made.addEventListener("change", edit(() => { node.values = [...new Set([...node.values, made.value.trim()])].filter(Boolean); }));
    return made;
  }

  function suggested(node, options, at) {
    const list = element("datalist", { id: `values-${at}` }, ...options.map(([value, caption]) => element("option", { value }, caption)));
    const made = input(word("value"), "text", node.values[0], (value) => { node.values = value.trim() ? [value.trim()] : []; });
    made.setAttribute("list", list.id);
    return [made, list];
  }

  let focusAt = null;

  function draw() {
    const builder = document.getElementById("segment-builder");
    if (!builder) return;
    const focus = focusAt ?? document.activeElement?.dataset?.focus;
    focusAt = null;
    builder.replaceChildren(drawGroup(root, offered.root, "c", null));
    if (focus) builder.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
  }

  /* --- what is there so far, told to the server --- */

  const later = debounce(() => look(), 350);

  function changed() {
    const made = tree(root, offered.root);
    form.dataset.values = JSON.stringify(made ? { tree: made } : root.parts.length > 0 ? { incomplete: true } : {});
    if (!made && root.parts.length === 0) document.getElementById("field-rule").value = "";
    if (made || root.parts.length === 0) later();
  }

  function typed(rule) {
    form.dataset.values = "{}";
    later(rule);
  }

  async function look() {
    if (!form?.isConnected) return;
    form.again = true;
    if (form.looking) return;
    form.looking = true;
    while (form.again && form.isConnected) {
      form.again = false;
      const values = Guanxi.market.collect(form);
      if (values.incomplete) continue; // what was said of that stays
      const answer = await Guanxi.market.ask("count", values).catch(() => null);
      if (!answer || form.again) continue;
      Guanxi.market.show(answer, form, { live: "rule" });
      if (answer.values?.tree && !values.tree) { root = asGroup(read(answer.values.tree, offered.root)); draw(); }
    }
    form.looking = false;
  }

  /* In another language the page has forgotten whom the rule reaches. */
  function again(builder) {
    const said = builder.closest(".market-page").querySelector("#rule-check > p.hint:only-child") === null;
    if (!said && !form.looking && (root.parts.length > 0 || document.getElementById("field-rule")?.value.trim())) look();
  }

  Guanxi.market.on("segment-form", (page) => {
    const builder = page.querySelector("#segment-builder");
    const { words } = Guanxi.page;
    if (!builder || Object.keys(words).length === 0) return; // before its words are there it has nothing to say
    const { vocabulary } = builder.dataset;
    if (builder.worded === words && builder.offers === vocabulary) return;
    const built = Boolean(builder.worded);
    Object.assign(builder, { worded: words, offers: vocabulary });
    offered = JSON.parse(vocabulary);
    if (built) { draw(); again(builder); return; }
    form = builder.closest("form");
    root = builder.dataset.tree ? asGroup(read(JSON.parse(builder.dataset.tree), offered.root)) : group();
    draw();
    const area = document.getElementById("field-rule");
    area?.addEventListener("input", () => typed(area.value));
    if (area?.value.trim()) look();
  });

  /* A file is asked for as the form beside its button says. */
  Guanxi.market.on("segment", (page) => {
    const button = page.querySelector("button[data-download='members']");
    if (!button || button.watched) return;
    button.watched = true;
    button.addEventListener("click", () => { button.dataset.values = JSON.stringify(Guanxi.market.collect(button.closest("form"))); }, true);
  });
})();
