"use strict";
(() => {
  const root = document.documentElement;
  const remembered = (value) => {
    try {
      if (value) localStorage.setItem("rsbench-theme", value);
      return localStorage.getItem("rsbench-theme");
    } catch {
      return null; // a page from a file may have no storage
    }
  };
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const toggle = document.createElement("button");
  toggle.type = "button";
  const name = () => { toggle.textContent = isDark() ? "Light" : "Dark"; };
  const theme = remembered();
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  name();
  toggle.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remembered(root.dataset.theme);
    name();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  document.querySelector(".bar").append(toggle);

  const contents = document.querySelector(".contents");
  contents.addEventListener("click", (event) => { if (event.target.closest("a")) contents.open = false; });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") contents.open = false; });
  document.addEventListener("click", (event) => { if (!contents.contains(event.target)) contents.open = false; });

  const valueOf = (cell) => {
    const text = cell.dataset.v ?? cell.textContent;
    if (text === "" || text === "-") return null;
    const number = Number(text.replaceAll(",", ""));
    return Number.isNaN(number) ? text : number;
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });

  const sort = (table, index, direction) => {
    const body = table.tBodies[0];
    table.originalRows ??= [...body.rows];
    const rows = table.originalRows.map((row) => ({ row, value: valueOf(row.cells[index]) }));
    if (direction) {
      // What is unknown comes last either way.
      rows.sort((a, b) => (a.value === null) - (b.value === null) || (a.value === null ? 0 : direction * compare(a.value, b.value)));
    }
    body.append(...rows.map((one) => one.row));
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    const headings = [...table.tHead.rows[0].cells];
    table.addEventListener("values", () => { // others than before: sorted as before
      const index = headings.findIndex((heading) => heading.hasAttribute("aria-sort"));
      if (index >= 0) sort(table, index, headings[index].getAttribute("aria-sort") === "ascending" ? 1 : -1);
    });
    headings.forEach((heading, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      const first = heading.dataset.better === "higher" ? -1 : 1;
      let clicks = 0;
      button.addEventListener("click", () => {
        clicks = heading.hasAttribute("aria-sort") ? (clicks + 1) % 3 : 1;
        const direction = [0, first, -first][clicks];
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        if (direction) heading.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
        sort(table, index, direction);
      });
    });
  }

  for (const fold of document.querySelectorAll(".filtered")) {
    const input = document.createElement("input");
    input.type = "search";
    input.placeholder = "Filter rows, such as: rsdgc failed";
    input.setAttribute("aria-label", "Filter rows");
    const rows = [...fold.querySelectorAll("tbody tr")];
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
    fold.querySelector(".scroll").before(input);
  }

  for (const command of document.querySelectorAll(".run pre")) {
    const copy = document.createElement("button");
    Object.assign(copy, { type: "button", className: "copy", textContent: "Copy" });
    copy.setAttribute("aria-label", "Copy the command");
    copy.addEventListener("click", async () => {
      getSelection().selectAllChildren(command); // selected, too, where a browser keeps its clipboard shut
      try {
        await navigator.clipboard.writeText(command.textContent);
        copy.textContent = "Copied";
      } catch {
        copy.textContent = document.execCommand("copy") ? "Copied" : "Selected";
      }
      setTimeout(() => { copy.textContent = "Copy"; }, 2000);
    });
    command.after(copy);
  }

  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details.fold:not(.filtered)")) fold.open = true;
  });
})();
