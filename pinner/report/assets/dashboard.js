// Filters the table and shows the details of a cell. The state is in the address after `#`; no markup is made.
(() => {
  const drawing = document.getElementById("drawing");  // where it does not fit, it begins near the present
  if (drawing) {
    const moves = [...drawing.querySelectorAll("text.on")].map((text) => {
      const rect = text.previousElementSibling;
      return { text, x: Number(text.getAttribute("x")), end: rect.x.baseVal.value + rect.width.baseVal.value };
    });
    drawing.addEventListener("scroll", () => {  // names, and what is on the bars, stay in view
      const left = drawing.scrollLeft / drawing.scrollWidth * 1000;
      for (const name of drawing.querySelectorAll("text.name")) name.setAttribute("x", left);
      for (const one of moves) one.text.setAttribute("x", Math.max(one.x, left && Math.min(left + 70, one.end)));
    });
    drawing.scrollLeft = drawing.querySelector("line.today").x1.baseVal.value / 1000 * drawing.scrollWidth - drawing.clientWidth * .7;
  }
  const at = (id) => document.getElementById(id);
  const bar = at("bar");
  if (!bar) return;
  const table = document.querySelector("table.cells");
  const details = at("details"), pins = [...at("pins").children];
  const fields = { q: at("search"), module: at("module") };
  const boxes = [...bar.querySelectorAll("input[name=only]")];
  const heads = [...table.tHead.rows[0].cells];
  const names = heads.map((head) => head.textContent.trim());
  const bodies = [...table.tBodies].map((body) => ({ body, rows: [...body.querySelectorAll("tr.env")] }));

  const tests = {
    el: (cell) => cell.classList.contains("el"),
    um: (cell) => cell.classList.contains("um"),
    behind: (cell) => /[1-9]/.test(cell.textContent),
    fork: (cell) => /[fo]/.test(cell.textContent),
  };
  const isRow = (row, name) => (row.dataset.is || "").split(" ").includes(name);  // what is about a whole row
  const filter = () => {
    const words = fields.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const module = fields.module.value.trim();
    const column = names.indexOf(module);
    const only = boxes.filter((box) => box.checked).map((box) => box.value);
    let shown = 0, all = 0;
    for (const { body, rows } of bodies) {
      let here = 0;
      for (const row of rows) {
        const cells = column > 0 ? [row.cells[column]] : [...row.cells].slice(1);
        const has = column <= 0 || cells[0].dataset.d !== undefined;
        const isIn = has && words.every((word) => row.dataset.text.includes(word)) &&
          (!only.length || only.some((name) => tests[name] ?
            cells.some((cell) => cell.dataset.d !== undefined && tests[name](cell)) : isRow(row, name)));
        row.hidden = !isIn;
        here += isIn;
      }
      body.hidden = !here;
      shown += here;
      all += rows.length;
    }
    heads.forEach((head, number) => head.classList.toggle("chosen", number === column));
    const isOn = words.length || only.length || column > 0;
    at("nothing").hidden = shown > 0;
    at("reset").hidden = !isOn;
    at("count").textContent = isOn ? `${shown} of ${all} rows` : `${all} rows`;
  };

  const write = () => {
    const state = new URLSearchParams();
    for (const [name, field] of Object.entries(fields)) if (field.value.trim()) state.set(name, field.value.trim());
    const only = boxes.filter((box) => box.checked).map((box) => box.value);
    if (only.length) state.set("only", only.join("."));
    history.replaceState(null, "", `#${state}`);
  };
  const restore = () => {
    const text = location.hash.slice(1);
    if (text && !text.includes("=")) return;
    const state = new URLSearchParams(text);
    for (const [name, field] of Object.entries(fields)) field.value = state.get(name) || "";
    const only = new Set((state.get("only") || "").split("."));
    for (const box of boxes) box.checked = only.has(box.value);
    filter();
  };

  // One cell is in the order of the Tab key; arrows move to others.
  let current = table.querySelector("td");
  const show = (cell) => {
    const row = cell.parentElement;
    const name = row.cells[0].querySelector("bdi").textContent;
    const pin = pins[cell.dataset.d];
    details.replaceChildren();
    if (pin) details.append(`${name}: `, ...[...pin.cloneNode(true).childNodes]);
    else details.append(`${name}: ${names[cell.cellIndex]} is not in the environment`);
  };
  const choose = (cell, isFocused) => {
    if (!cell) return;
    if (current) current.tabIndex = -1;
    current = cell;
    current.tabIndex = 0;
    if (isFocused) current.focus();
  };
  if (current) current.tabIndex = 0;
  const visible = () => bodies.flatMap(({ rows }) => rows.filter((row) => !row.hidden));
  const MOVES = {
    ArrowLeft: (cell) => cell.cellIndex > 1 && cell.previousElementSibling,
    ArrowRight: (cell) => cell.nextElementSibling,
    ArrowUp: (cell, rows, at) => at > 0 && rows[at - 1].cells[cell.cellIndex],
    ArrowDown: (cell, rows, at) => at < rows.length - 1 && rows[at + 1].cells[cell.cellIndex],
    Home: (cell) => cell.parentElement.cells[1],
    End: (cell) => cell.parentElement.lastElementChild,
  };
  table.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (!move || event.target.tagName !== "TD" || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const rows = visible();
    choose(move(event.target, rows, rows.indexOf(event.target.parentElement)), true);
  });
  table.addEventListener("focusin", (event) => { if (event.target.tagName === "TD") { choose(event.target); show(event.target); } });
  table.addEventListener("mouseover", (event) => { const cell = event.target.closest("td"); if (cell && cell.parentElement.matches(".env")) show(cell); });
  table.addEventListener("click", (event) => { const cell = event.target.closest("td"); if (cell && cell.parentElement.matches(".env")) choose(cell, true); });

  let waiting = 0;
  const changed = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      filter();
      write();
      if (current && current.parentElement.hidden) choose(visible()[0]?.cells[1]);
    });
  };
  bar.addEventListener("input", changed);
  at("reset").addEventListener("click", () => {
    for (const field of Object.values(fields)) field.value = "";
    boxes.forEach((box) => { box.checked = false; });
    changed();
    fields.q.focus();
  });
  listenForKeys(fields.q, changed);
  bar.hidden = false;
  addEventListener("hashchange", () => {
    restore();
    if (location.hash.startsWith("#only=")) at("matrix").scrollIntoView();
  });
  filter();
  restore();
})();
