// Presses the button for a person who shows that one is there. Scanners open every link of a mail, and some
// run scripts: whatever a page can have without a hand at it (being loaded, shown, focused, scrolled by a
// script, time passing) counts for nothing. What counts is input that the browser itself vouches for
// (isTrusted), which a script in a page cannot make, and of a pointer a movement rather than a jump.
"use strict";
(() => {
  const form = document.getElementById("confirm");
  if (!form || navigator.webdriver) return;
  // A person needs a moment to see the page; a machine acts at once.
  const EARLIEST = 600;
  const MOVES = 3;
  const SPREAD = 120;
  // A pointer that enters, a key that is held for a shortcut or that leaves the page mean nothing yet.
  const SILENT = new Set(["Control", "Meta", "Alt", "Shift", "Escape", "F5", "F12", "Unidentified"]);
  const opened = performance.now();
  let places = [];
  let done = false;

  const isThere = (event) => event.isTrusted && document.visibilityState === "visible" && document.hasFocus()
    && !document.prerendering && performance.now() - opened >= EARLIEST;

  const confirm = () => {
    if (done) return;
    done = true;
    form.requestSubmit();
  };

  const move = (event) => {
    if (!isThere(event)) return;
    const last = places.at(-1);
    if (last && last.x === event.screenX && last.y === event.screenY) return;
    places.push({ x: event.screenX, y: event.screenY, at: event.timeStamp });
    if (places.length >= MOVES && event.timeStamp - places[0].at >= SPREAD) confirm();
  };
  const act = (event) => {
    // The links beneath are pressed for themselves.
    if (isThere(event) && !event.target.closest?.("a, button")) confirm();
  };
  const press = (event) => {
    const isShortcut = event.ctrlKey || event.metaKey || event.altKey;
    if (isThere(event) && !isShortcut && !SILENT.has(event.key) && !event.target.closest?.("a, button")) confirm();
  };

  // No "scroll": a script's scrolling, and the browser's own after going back, come with isTrusted as well.
  addEventListener("pointermove", move, { passive: true });
  addEventListener("pointerup", act, { passive: true });
  addEventListener("touchend", act, { passive: true });
  addEventListener("wheel", act, { passive: true });
  addEventListener("keydown", press);
  document.documentElement.classList.add("follows");
})();
