// Counts the seconds in which a blast can be taken back; without it the page loads itself anew.
"use strict";
(() => {
  const tick = () => {
    for (const each of document.querySelectorAll("[data-countdown]")) {
      const left = Math.max(0, Math.ceil((Date.parse(each.dataset.countdown) - Date.now()) / 1000));
      // Of what is hours away the server says enough.
      if (left <= 120) each.textContent = left ? `${left} s` : "a moment";
    }
  };
  setInterval(tick, 1000);
  tick();
})();
