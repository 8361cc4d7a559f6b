// Keeps parts of a console page up to date from a stream of server-sent events. Without it, or without a
// connection, the page is as it was loaded, and says so.
(() => {
  "use strict";
  const root = document.querySelector("[data-live]");
  if (!root || !("EventSource" in window)) return;

  const mark = document.querySelector("[data-live-mark]");
  const parts = [...document.querySelectorAll("[data-part]")];
  let source = null;
  let doubt = 0;

  const say = (word) => {
    // Said once: a stream that ends and comes back is no news to anybody.
    if (!mark || mark.dataset.liveMark === word) return;
    mark.hidden = false;
    mark.dataset.liveMark = word;
    mark.textContent = word === "on" ? "Live" : "Not live: reload for the latest numbers";
  };

  const swap = (part, html) => {
    // Under a finger or a mouse button nothing moves: the press would land on something else.
    if (part.matches(":active")) {
      setTimeout(() => swap(part, html), 250);
      return;
    }
    const held = part.contains(document.activeElement) ? document.activeElement.id : "";
    window.morph(part, html);
    // Only what moved within a list is another element now.
    if (held && document.activeElement?.id !== held) document.getElementById(held)?.focus({ preventScroll: true });
  };

  const listen = () => {
    source?.close();
    source = new EventSource(root.dataset.live);
    source.addEventListener("open", () => {
      clearTimeout(doubt);
      say("on");
    });
    source.addEventListener("error", () => {
      // A stream ends every few minutes and comes back at once; only a longer silence is worth a word.
      clearTimeout(doubt);
      doubt = setTimeout(() => say("off"), 8000);
    });
    for (const part of parts) {
      source.addEventListener(part.dataset.part, (event) => swap(part, event.data));
    }
  };

  // A page that nobody looks at holds no stream.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) source?.close();
    else listen();
  });
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => event.persisted && listen());
  if (!document.hidden) listen();
})();
