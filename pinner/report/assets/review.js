// Filters the page and keeps what is ticked. The state is in the address after `#`; no markup is made.
(() => {
  const at = (id) => document.getElementById(id);
  const lower = (text) => (text || "").toLowerCase();
  const ticks = [...document.querySelectorAll("input[name=done]")];
  const bar = at("bar");
  const fields = bar ? { q: at("search"), class: at("class"), key: at("key") } : {};
  const boxes = bar ? [...bar.querySelectorAll("input[name=severity]")] : [];
  const mine = at("mine"), progress = at("progress");
  const FEW = 150;
  let module = "";

  // The state, as `q=…&done=…`; a plain `#m-nova` or `#main` is an anchor.
  const read = () => {
    const text = location.hash.slice(1);
    if (!text.includes("=")) return text && !text.includes("=") ? { anchor: text } : {};
    return Object.fromEntries(new URLSearchParams(text));
  };
  const write = () => {
    const state = new URLSearchParams();
    for (const [name, field] of Object.entries(fields)) if (field.value.trim()) state.set(name, field.value.trim());
    const hidden = boxes.filter((box) => !box.checked).map((box) => box.value);
    if (hidden.length) state.set("without", hidden.join("."));
    if (mine && mine.checked) state.set("mine", "1");
    const done = ticks.filter((tick) => tick.checked).map((tick) => tick.value);
    if (done.length) state.set("done", [...new Set(done)].join("."));
    if (module) state.set("module", module);
    history.replaceState(null, "", `#${state}`);
  };

  const mark = () => {
    const done = ticks.filter((tick) => tick.checked).length;
    for (const tick of ticks) tick.closest(".task").classList.toggle("done", tick.checked);
    if (progress && ticks.length) {
      progress.hidden = false;
      progress.textContent = `${done} of ${ticks.length} done; the address of this page keeps what is ticked`;
    }
  };
  for (const tick of ticks) tick.addEventListener("change", () => { mark(); write(); });

  const modules = [...document.querySelectorAll("details.module")].map((element) => ({
    element,
    name: lower(element.querySelector("h3").textContent),
    groups: [...element.querySelectorAll(".group:not(tr)")].map((group) => {
      const title = group.querySelector("tr.group");
      return {
        element: group,
        rows: [...group.querySelectorAll(".row")].map((row) => ({
          element: row,
          severity: row.dataset.s || "",
          definition: lower(row.dataset.c),
          key: lower(row.dataset.k),
          isMine: "mine" in row.dataset,
          text: lower(`${title ? title.textContent : ""} ${row.textContent} ${row.dataset.k || ""}`),
        })),
      };
    }),
  }));

  const filters = () => ({
    words: lower(fields.q.value).split(/\s+/).filter(Boolean),
    severities: new Set(boxes.filter((box) => box.checked).map((box) => box.value)),
    isBySeverity: boxes.some((box) => !box.checked),
    definition: lower(fields.class.value.trim()),
    key: lower(fields.key.value.trim()),
    isMine: mine.checked,
  });

  const fits = (row, name, wanted) =>
    (!wanted.isBySeverity || wanted.severities.has(row.severity)) &&
    (!wanted.definition || row.definition.includes(wanted.definition)) &&
    (!wanted.key || row.key.includes(wanted.key)) &&
    (!wanted.isMine || row.isMine) &&
    wanted.words.every((word) => row.text.includes(word) || name.includes(word));

  const filter = () => {
    const wanted = filters();
    const isOn = wanted.isBySeverity || wanted.isMine || wanted.words.length || wanted.definition || wanted.key;
    let all = 0, found = 0, shown = 0;
    for (const module of modules) {
      let here = 0;
      for (const group of module.groups) {
        let inGroup = 0;
        for (const row of group.rows) {
          const isIn = !isOn || fits(row, module.name, wanted);
          row.element.hidden = !isIn;
          inGroup += isIn;
        }
        group.element.hidden = group.rows.length > 0 && !inGroup;
        const part = group.element.closest(".part");
        if (part) part.hidden = !part.querySelector(".row:not([hidden])");
        here += inGroup;
        all += group.rows.length;
      }
      module.isIn = !isOn || here > 0;
      module.element.hidden = !module.isIn;
      found += here;
      shown += module.isIn;
    }
    if (isOn && found <= FEW) modules.forEach((module) => module.isIn && open(module.element, true));
    at("nothing").hidden = shown > 0;
    at("reset").hidden = !isOn;
    at("count").textContent = isOn
      ? `${found} of ${all} entries, in ${shown} of ${modules.length} modules`
      : `${all} entries in ${modules.length} modules`;
  };

  const open = (element, isOpen) => {
    element.open = isOpen;
    for (const inner of element.querySelectorAll("details.inner:not([hidden])")) inner.open = isOpen;
  };
  const each = (isOpen) => modules.forEach((module) => !module.element.hidden && open(module.element, isOpen));
  const empty = () => {
    for (const field of Object.values(fields)) field.value = "";
    mine.checked = false;
    boxes.forEach((box) => { box.checked = true; });
    filter();
  };
  const clear = () => { empty(); write(); fields.q.focus(); };

  const reveal = (id) => {
    const target = at(id);
    if (!target || !target.matches("details.module")) return;
    if (target.hidden) empty();
    module = id.slice(2);
    target.open = true;
    target.querySelector("summary").focus({ preventScroll: true });
    target.scrollIntoView();
  };

  const restore = () => {
    const state = read();
    if (state.anchor) { reveal(state.anchor); return; }
    const done = new Set((state.done || "").split("."));
    for (const tick of ticks) tick.checked = done.has(tick.value);
    mark();
    if (!bar) return;
    for (const [name, field] of Object.entries(fields)) field.value = state[name] || "";
    const hidden = new Set((state.without || "").split("."));
    for (const box of boxes) box.checked = !hidden.has(box.value);
    mine.checked = state.mine === "1";
    filter();
    if (state.module) reveal(`m-${state.module}`);
  };

  if (bar) {
    let waiting = 0;
    bar.addEventListener("input", () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(() => { filter(); write(); });
    });
    at("reset").addEventListener("click", clear);
    at("again").addEventListener("click", clear);
    at("open").addEventListener("click", () => each(true));
    at("close").addEventListener("click", () => each(false));
    document.addEventListener("click", (event) => {
      const anchor = event.target.closest("a[href^='#m-']");
      if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      reveal(anchor.getAttribute("href").slice(1));
      write();
    });
    listenForKeys(fields.q, () => { filter(); write(); });
    bar.hidden = at("tools").hidden = false;
    filter();
  }
  addEventListener("hashchange", restore);
  restore();
})();
