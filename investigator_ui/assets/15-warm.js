/* Warming up: the browser compiles Cytoscape's code where it first runs and decodes an icon where it is first drawn, so that the first picture of a page
   took twice as long as the next. While a page without a graph has nothing to do, a canvas of its own that nobody sees draws one node of every look. */
"use strict";

Guanxi.warm = (() => {
  const [IN_A_ROW, APART] = [4, 90];
  const PORTION = 8; // nodes
  const PATIENCE = 3000; // milliseconds until a step is taken although the page is never idle
  let begun = false;

  const idle = () => new Promise((resolve) => {
    if (window.requestIdleCallback) window.requestIdleCallback(resolve, { timeout: PATIENCE });
    else setTimeout(resolve, 50);
  });
  const frame = () => new Promise((resolve) => { requestAnimationFrame(resolve); });

  /* The rules of stylesheet.py that give nodes their icon: by type and grade. */
  function looksOf(style) {
    return style.filter((rule) => rule.style["background-image"]).map((rule) => ({
      icon: rule.style["background-image"],
      ...Object.fromEntries([...rule.selector.matchAll(/\[(type|grade) = "([^"]*)"\]/g)].map(([, name, value]) => [name, value])),
    }));
  }

  /* A node for each, and from each a relationship to the next and to the one below. */
  function sample(looks) {
    const nodes = looks.map(({ type, grade }, at) => ({
      group: "nodes",
      data: { id: `n${at}`, kind: "NODE", type, grade, caption: type, label: type, score: 0, hop: 1, degree: 2, diameter: 40, subject: at === 0 },
      position: { x: (at % IN_A_ROW) * APART, y: Math.floor(at / IN_A_ROW) * APART },
    }));
    const edge = (from, to) => ({ group: "edges", data: { id: `e${from}-${to}`, source: `n${from}`, target: `n${to}`, zh: "", en: "", width: 1.2 } });
    return [...nodes, ...nodes.flatMap((_, at) => [at + 1, at + IN_A_ROW].filter((to) => to < nodes.length).map((to) => edge(at, to)))];
  }

  /* Each step waits until the page has nothing to do. As soon as the canvas is wanted, no more is done. However it ends, nothing is left behind, and
     the page says whether it was done to the end. */
  async function up(style, { live, unused, dress }) {
    if (begun || !style) return;
    begun = true;
    const looks = looksOf(style);
    const box = Guanxi.element("div", { class: "unseen-canvas", "aria-hidden": "true" });
    let trial = null;
    // Few at a time, and fewest at first, when most is compiled: whoever types meanwhile is not to feel it.
    const portions = [looks.slice(0, 2)];
    for (let at = 0; at < looks.length; at += PORTION) portions.push(looks.slice(at, at + PORTION));
    const drawn = (some) => [
      () => { trial.elements().remove(); },
      () => { trial.add(sample(some)); },
      () => { trial.fit(trial.elements(), 30); },
      frame,
      frame,
    ];
    const steps = [
      () => { document.body.append(box); trial = new live.constructor({ container: box }); },
      () => { trial.style().fromJson(style).update(); },
      ...portions.flatMap(drawn),
      dress,
      () => { for (const { icon } of looks) live.renderer().getCachedImage?.(icon, "anonymous", () => {}); },
    ];
    let done = 0;
    try {
      for (const step of steps) {
        await idle();
        if (!unused()) break;
        await step();
        done += 1;
      }
    } finally {
      try {
        trial?.destroy();
      } finally {
        box.remove();
        document.getElementById("page").dataset.warm = done === steps.length ? "1" : "0";
      }
    }
  }

  return { up };
})();
