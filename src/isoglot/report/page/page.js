for (const table of document.querySelectorAll("table.data")) {
  const body = table.tBodies[0];
  table.querySelectorAll("thead th").forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const words = head.classList.contains("words"), sorted = head.getAttribute("aria-sort");
    const down = words ? sorted === "ascending" : sorted !== "descending";
    table.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = row => row.cells[column].dataset.value ?? "";
    const text = row => row.cells[column].textContent;
    const compare = (a, b) => {
      if (words) return (down ? -1 : 1) * text(a).localeCompare(text(b), undefined, { numeric: true });
      if (key(a) === "" || key(b) === "") return (key(a) === "") - (key(b) === "");
      return (down ? -1 : 1) * (key(a) - key(b));
    };
    body.append(...[...body.rows].sort(compare));
  }));
}
for (const figure of document.querySelectorAll(".maps figure")) {
  const heads = figure.querySelectorAll("thead th"), reading = figure.querySelector(".reading");
  const read = event => {
    const cell = event.target.closest("td");
    if (!cell) return;
    const row = cell.parentElement.firstElementChild, column = heads[cell.cellIndex];
    reading.textContent = `${row.title} → ${column.title}: ${cell.dataset.n ?? "no value"}`;
  };
  for (const kind of ["pointerover", "click"]) figure.addEventListener(kind, read);
}
