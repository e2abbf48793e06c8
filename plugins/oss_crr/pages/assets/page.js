"use strict";
(function () {
  // Airflow's own choice of theme, which may differ from the system's. The page is in a frame of the same origin.
  function followTheme() {
    let outer;
    try { outer = window.parent === window ? null : window.parent.document.documentElement; } catch { outer = null; }
    if (!outer) return;
    const follow = () => {
      document.documentElement.dataset.theme = outer.classList.contains("dark") ? "dark" : "light";
      const background = getComputedStyle(outer.ownerDocument.body).backgroundColor;
      document.documentElement.style.setProperty("--bg", background);
    };
    new MutationObserver(follow).observe(outer, { attributes: true, attributeFilter: ["class"] });
    follow();
  }

  function value(body, column, numeric) {
    const cell = body.rows[0].cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    if (!numeric) return text;
    return text === "" ? -Infinity : Number(text);
  }

  function sortBy(table, heading) {
    const numeric = heading.dataset.sort === "number";
    const ascending = heading.ariaSort !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.ariaSort = ascending ? "ascending" : "descending";
    const column = heading.cellIndex;
    const keyed = Array.from(table.tBodies, (body) => [value(body, column, numeric), body]);
    keyed.sort(([a], [b]) => (numeric ? a - b || 0 : a.localeCompare(b)) * (ascending ? 1 : -1));
    table.append(...keyed.map(([, body]) => body));
  }

  function sortable(table) {
    for (const heading of table.tHead.querySelectorAll("th[data-sort]")) {
      heading.tabIndex = 0;
      heading.addEventListener("click", () => sortBy(table, heading));
      heading.addEventListener("keydown", (event) => {
        if (event.key === "Enter") sortBy(table, heading);
      });
    }
  }

  function filterable(table, field) {
    field.hidden = false;
    field.addEventListener("input", () => {
      const wanted = field.value.toLowerCase();
      for (const body of table.tBodies) body.hidden = !body.textContent.toLowerCase().includes(wanted);
    });
  }

  followTheme();
  const table = document.getElementById("pairs");
  if (table) {
    sortable(table);
    filterable(table, document.getElementById("filter"));
  }
  if (document.getElementById("reload")) setTimeout(() => window.location.reload(), 15000);
})();
