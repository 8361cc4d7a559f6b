// Makes a part of a page what the server says it is now, and touches nothing that is so already: the focus,
// a text selection, an open fold, what somebody is typing, and an alert that was read out stay as they are.
"use strict";
window.morph = (part, html) => {
  const KEPT = new Set(["open", "data-kept"]);

  const isSame = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName
    && (one.id || "") === (other.id || "");

  const dress = (now, next) => {
    for (const { name } of [...now.attributes]) {
      if (!next.hasAttribute(name) && !KEPT.has(name)) now.removeAttribute(name);
    }
    for (const { name, value } of next.attributes) {
      if (now.getAttribute(name) !== value && !KEPT.has(name)) now.setAttribute(name, value);
    }
  };

  const become = (now, next) => {
    if (now.nodeType !== Node.ELEMENT_NODE) {
      if (now.data !== next.data) now.data = next.data;
      return;
    }
    if (now.isEqualNode(next)) return;
    dress(now, next);
    fill(now, next);
  };

  // An element with an id is found wherever it was; of the others the next of its kind is taken.
  const fill = (parent, wanted) => {
    let place = parent.firstChild;
    for (const next of [...wanted.childNodes]) {
      let found = place;
      while (found && !isSame(found, next)) found = found.nextSibling;
      if (!found) {
        parent.insertBefore(next, place);
        continue;
      }
      while (place !== found) {
        const gone = place;
        place = place.nextSibling;
        gone.remove();
      }
      place = found.nextSibling;
      become(found, next);
    }
    while (place) {
      const gone = place;
      place = place.nextSibling;
      gone.remove();
    }
  };

  const template = document.createElement("template");
  template.innerHTML = html;
  fill(part, template.content);
};
