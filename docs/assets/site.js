// The theme gives its search no name, leaves wide tables out of reach of the keyboard, and makes every copy button a landmark.
(() => {
  const complete = () => {
    document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
    for (const buttons of document.querySelectorAll(".md-code__nav")) buttons.setAttribute("role", "none");
    for (const box of document.querySelectorAll(".md-typeset__scrollwrap")) {
      if (box.scrollWidth > box.clientWidth) {
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", "Wide table");
      } else {
        for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
      }
    }
  };
  complete();
  new MutationObserver(complete).observe(document.body, { childList: true, subtree: true });
  addEventListener("load", complete);
  addEventListener("resize", complete);
})();
