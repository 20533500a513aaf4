// Filters the groups by node, role, module, effect and words. The state is in the address after `#`; no markup is made.
(() => {
  const at = (id) => document.getElementById(id);
  const bar = at("bar");
  if (!bar) return;
  const lower = (text) => (text || "").toLowerCase();
  const fields = { q: at("search"), node: at("node"), role: at("role"), module: at("module") };
  const boxes = [...bar.querySelectorAll("input[name=effect]")];
  const groups = [...document.querySelectorAll("details.group")].map((element) => ({
    element,
    nodes: [...element.querySelectorAll(".node")].map((node) => lower(node.textContent)),
    roles: element.dataset.r.split("\n"),
    rows: [...element.querySelectorAll(".row")].map((row) => ({
      element: row, effect: row.dataset.e, module: row.dataset.m, text: lower(row.textContent),
    })),
  }));

  const filter = () => {
    const words = lower(fields.q.value).split(/\s+/).filter(Boolean);
    const node = lower(fields.node.value.trim());
    const role = fields.role.value, module = fields.module.value;
    const effects = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const isOn = words.length || node || role || module || effects.size < boxes.length;
    let all = 0, found = 0, shown = 0;
    for (const group of groups) {
      const hasNode = (!node || group.nodes.some((name) => name.includes(node))) && (!role || group.roles.includes(role));
      let here = 0;
      for (const row of group.rows) {
        const isIn = hasNode && effects.has(row.effect) && (!module || row.module === module) &&
          words.every((word) => row.text.includes(word));
        row.element.hidden = !isIn;
        here += isIn;
      }
      group.element.hidden = !here;
      all += group.rows.length;
      found += here;
      shown += here > 0;
    }
    at("nothing").hidden = shown > 0;
    at("reset").hidden = !isOn;
    at("count").textContent = isOn
      ? `${found} of ${all} changes, in ${shown} of ${groups.length} groups`
      : `${all} changes in ${groups.length} groups`;
  };
  const write = () => {
    const state = new URLSearchParams();
    for (const [name, field] of Object.entries(fields)) if (field.value.trim()) state.set(name, field.value.trim());
    const hidden = boxes.filter((box) => !box.checked).map((box) => box.value);
    if (hidden.length) state.set("without", hidden.join("."));
    history.replaceState(null, "", `#${state}`);
  };
  const restore = () => {
    const text = location.hash.slice(1);
    if (text.startsWith("g-")) { reveal(text); return; }
    if (text && !text.includes("=")) return;
    const state = new URLSearchParams(text);
    for (const [name, field] of Object.entries(fields)) field.value = state.get(name) || "";
    const hidden = new Set((state.get("without") || "").split("."));
    for (const box of boxes) box.checked = !hidden.has(box.value);
    filter();
  };
  const empty = () => {
    for (const field of Object.values(fields)) field.value = "";
    boxes.forEach((box) => { box.checked = true; });
    filter();
  };
  const clear = () => { empty(); write(); fields.q.focus(); };
  const reveal = (id) => {
    const target = at(id);
    if (!target || !target.matches("details.group")) return;
    if (target.hidden) empty();
    target.open = true;
    target.querySelector("summary").focus({ preventScroll: true });
    target.scrollIntoView();
  };

  let waiting = 0;
  const changed = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => { filter(); write(); });
  };
  bar.addEventListener("input", changed);
  at("reset").addEventListener("click", clear);
  at("again").addEventListener("click", clear);
  for (const [id, isOpen] of [["open", true], ["close", false]])
    at(id).addEventListener("click", () => groups.forEach(({ element }) => { if (!element.hidden) element.open = isOpen; }));
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest("a[href^='#g-']");
    if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    reveal(anchor.getAttribute("href").slice(1));
  });
  listenForKeys(fields.q, changed);
  bar.hidden = at("tools").hidden = false;
  addEventListener("hashchange", restore);
  filter();
  restore();
})();
