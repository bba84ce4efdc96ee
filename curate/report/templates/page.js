"use strict";
const text = (cell) => cell.textContent.trim();
const amount = (cell) => {
  const found = text(cell).replaceAll(",", "").match(/^[+−-]?[0-9.]+(e[+-]?[0-9]+)?/i);
  return found ? Number(found[0].replace("−", "-")) : -Infinity;
};
for (const table of document.querySelectorAll("table.sortable")) {
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      const rows = [...table.tBodies[0].rows];
      const worded = rows.some((row) => !/^[+−–-]?[0-9.,]*/.exec(text(row.cells[column]))[0] && text(row.cells[column]));
      rows.sort((a, b) => {
        const [one, other] = [a.cells[column], b.cells[column]];
        const order = worded ? text(one).localeCompare(text(other)) : amount(one) - amount(other);
        return down ? -order : order;
      });
      table.querySelectorAll("th").forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      table.tBodies[0].append(...rows);
    });
  });
}
for (const place of document.querySelectorAll(".filter")) {
  const list = document.getElementById(place.dataset.filter + "-list");
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = "Filter by rule or text";
  field.setAttribute("aria-label", field.placeholder);
  place.append(field);
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase();
    for (const fold of list.children) {
      fold.hidden = !fold.textContent.toLowerCase().includes(wanted);
    }
  });
}
const tip = document.createElement("div");
tip.id = "tip";
tip.hidden = true;
document.body.append(tip);
document.addEventListener("pointermove", (event) => {
  const mark = event.target.closest?.("svg.chart *");
  const title = mark?.dataset.tip ?? mark?.querySelector?.(":scope > title")?.textContent;
  tip.hidden = !title;
  if (!title) return;
  if (!mark.dataset.tip) {
    mark.dataset.tip = title;
    mark.querySelector(":scope > title").remove();
    mark.setAttribute("aria-label", title);
  }
  tip.textContent = title;
  const [wide, high] = [tip.offsetWidth, tip.offsetHeight];
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - wide - 8))}px`;
  tip.style.top = `${event.clientY + 16 + high > innerHeight ? event.clientY - high - 8 : event.clientY + 16}px`;
});
