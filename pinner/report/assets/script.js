"use strict";
// Filters what stands on the page. It reads text and attributes and sets `hidden` and `open`; it makes no markup.
(() => {
  const bar = document.getElementById("bar");
  if (!bar) return;
  const at = (id) => document.getElementById(id);
  const search = at("search"), byClass = at("class"), byKey = at("key"), mine = at("mine");
  const boxes = [...bar.querySelectorAll("input[name=severity]")];
  const count = at("count"), nothing = at("nothing");
  const FEW = 150;
  const lower = (text) => (text || "").toLowerCase();

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

  const asked = () => ({
    words: lower(search.value).split(/\s+/).filter(Boolean),
    severities: new Set(boxes.filter((box) => box.checked).map((box) => box.value)),
    isBySeverity: boxes.some((box) => !box.checked),
    definition: lower(byClass.value.trim()),
    key: lower(byKey.value.trim()),
    isMine: mine.checked,
  });

  const fits = (row, name, wish) =>
    (!wish.isBySeverity || wish.severities.has(row.severity)) &&
    (!wish.definition || row.definition.includes(wish.definition)) &&
    (!wish.key || row.key.includes(wish.key)) &&
    (!wish.isMine || row.isMine) &&
    wish.words.every((word) => row.text.includes(word) || name.includes(word));

  const filter = () => {
    const wish = asked();
    const isOn = wish.isBySeverity || wish.isMine || wish.words.length || wish.definition || wish.key;
    let all = 0, found = 0, shown = 0;
    for (const module of modules) {
      let here = 0;
      for (const group of module.groups) {
        let inGroup = 0;
        for (const row of group.rows) {
          const isIn = !isOn || fits(row, module.name, wish);
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
    nothing.hidden = shown > 0;
    at("reset").hidden = !isOn;
    count.textContent = isOn
      ? `${found} of ${all} entries, in ${shown} of ${modules.length} modules`
      : `${all} entries in ${modules.length} modules`;
  };

  const open = (element, isOpen) => {
    element.open = isOpen;
    for (const inner of element.querySelectorAll("details.inner:not([hidden])")) inner.open = isOpen;
  };
  const each = (isOpen) => modules.forEach((module) => !module.element.hidden && open(module.element, isOpen));
  const clear = () => {
    search.value = byClass.value = byKey.value = "";
    mine.checked = false;
    boxes.forEach((box) => { box.checked = true; });
    filter();
    search.focus();
  };

  let waiting = 0;
  const soon = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(filter);
  };
  bar.addEventListener("input", soon);
  at("reset").addEventListener("click", clear);
  at("again").addEventListener("click", clear);
  at("open").addEventListener("click", () => each(true));
  at("close").addEventListener("click", () => each(false));

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input[type=search], input[type=text]");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && isTyping) {
      event.preventDefault();
      event.target.value = "";
      filter();
    }
  });

  const reveal = () => {
    const wanted = at(location.hash.slice(1));
    if (!wanted || !wanted.matches("details.module")) return;
    if (wanted.hidden) clear();
    wanted.open = true;
    wanted.querySelector("summary").focus({ preventScroll: true });
    wanted.scrollIntoView();
  };
  addEventListener("hashchange", reveal);

  // On paper everything that the filter shows stands open, but the commits only where somebody opened them.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = modules.filter((module) => !module.element.hidden && !module.element.open);
    closed.forEach((module) => { module.element.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((module) => { module.element.open = false; }));

  bar.hidden = at("tools").hidden = false;
  filter();
  reveal();
})();
