"use strict";
// The keys of the search field: `/` goes there, Escape empties the field that has the focus and calls `changed`.
const listenForKeys = (search, changed) => {
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input[type=search], input[type=text]");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && isTyping) {
      event.preventDefault();
      event.target.value = "";
      changed();
    }
  });
};
