/* The picture of the canvas as PNG: title, graph, legend of grades, and who exported it when. Made in the browser. */
"use strict";

Guanxi.picture = (() => {
  const { page, say } = Guanxi;
  const FONT = '-apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

  function imageOf(source) {
    return new Promise((resolve, reject) => {
      const image = new Image();
      image.onload = () => resolve(image);
      image.onerror = reject;
      image.src = source;
    });
  }

  async function save() {
    const live = Guanxi.canvas.cy();
    if (!live) return;
    const scale = live.elements().length > Guanxi.canvas.READ_ONLY ? 1 : 2;
    const graph = await imageOf(live.png({ full: true, scale, bg: "#ffffff", maxWidth: 8000, maxHeight: 8000 }));
    const [edge, head, foot] = [32 * scale, 72 * scale, 48 * scale];
    const sheet = document.createElement("canvas");
    sheet.width = Math.max(graph.width + 2 * edge, 900 * scale);
    sheet.height = graph.height + head + foot + edge;
    const pen = sheet.getContext("2d");
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, sheet.width, sheet.height);
    pen.drawImage(graph, (sheet.width - graph.width) / 2, head);
    pen.textBaseline = "middle";
    pen.fillStyle = "#1b2432";
    pen.font = `600 ${20 * scale}px ${FONT}`;
    pen.fillText(`${say("png.title")} · ${page.view.caption}`, edge, 30 * scale);
    pen.font = `${12 * scale}px ${FONT}`;
    pen.fillStyle = "#566173";
    const asOf = page.view.asOf ? ` · ${say("asof.chip", { day: page.view.asOf })}` : "";
    pen.fillText(document.getElementById("table-count").textContent + asOf, edge, 54 * scale);
    const when = `${new Date().toLocaleString("sv-SE", { timeZone: page.zone }).slice(0, 16)} (${page.zone})`; // the lender's, as everywhere on the page
    pen.fillText(say("png.footer", { user: page.user, when }), edge, sheet.height - 24 * scale);
    drawGrades(pen, scale, sheet.width - edge, sheet.height - 24 * scale);
    sheet.toBlob((blob) => download(blob, `guanxi-graph-${page.view.subjectId.replace(/[^\w-]/g, "")}.png`), "image/png");
  }

  /* What the colours mean, from the right edge to the left. */
  function drawGrades(pen, scale, right, middle) {
    let at = right;
    for (const grade of Object.keys(page.gradeNames).reverse()) {
      const name = page.gradeNames[grade][page.lang];
      const style = page.grades[grade];
      pen.font = `${12 * scale}px ${FONT}`;
      at -= pen.measureText(name).width;
      pen.fillStyle = "#333d4c";
      pen.fillText(name, at, middle);
      at -= 24 * scale;
      pen.fillStyle = style.backgroundColor;
      pen.strokeStyle = style.borderColor;
      pen.lineWidth = scale;
      pen.fillRect(at, middle - 9 * scale, 18 * scale, 18 * scale);
      pen.strokeRect(at, middle - 9 * scale, 18 * scale, 18 * scale);
      pen.fillStyle = style.color;
      pen.font = `700 ${12 * scale}px ${FONT}`;
      pen.fillText(grade, at + 9 * scale - pen.measureText(grade).width / 2, middle);
      at -= 18 * scale;
    }
  }

  function download(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  return { save };
})();
