/* Referral circles: choosing some for an audience, which stays in the address, and one circle's graph. */
"use strict";

(() => {
  const { go, openSubject } = Guanxi;
  const MOST = 20; // chosen at once; the same as circles.py
  const READ = 12; // pixels on the screen of a caption that is to be read
  const SMALLEST = 17; // the same as circle_drawing.py

  function choose(circle) {
    const chosen = (new URLSearchParams(window.location.search).get("chosen") ?? "").split(",").filter(Boolean);
    const rest = chosen.filter((each) => each !== circle);
    const now = rest.length < chosen.length ? rest : [...chosen, circle].slice(-MOST);
    go({ query: { chosen: now.join(",") || null } });
  }

  async function graph() {
    for (let tried = 0; tried < 100; tried += 1) {
      const area = document.getElementById("circle-canvas");
      if (!area) return;
      const live = area._cyreg?.cy;
      if (live) { equip(live); return; }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  function equip(live) {
    if (live.scratch("_equipped")) return;
    live.scratch("_equipped", true);
    // What dash-cytoscape tells its server about hovering and selecting nobody asks for.
    live.off("tap mouseover mouseout select unselect add remove dragfree viewport");
    live.autoungrabify(true);
    live.on("dbltap", "node", (event) => openSubject(event.target.id()));
    live.on("mouseover", "node", (event) => event.target.addClass("over"));
    live.on("mouseout", "node", (event) => event.target.removeClass("over"));
    // Who brought somebody is read by name, from however far.
    const legible = () => live.nodes("[weighty = 1]").style("font-size", Math.max(SMALLEST, READ / live.zoom()));
    live.on("zoom", legible);
    live.fit(undefined, 24);
    legible();
    live.container().closest(".circle-canvas").dataset.drawn = "1";
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-choose]");
    if (button) choose(button.dataset.choose);
  });

  Guanxi.market.on("circle", graph);
})();
