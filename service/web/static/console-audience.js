// Counts an audience while its conditions are chosen; without it, "Count them" does the same.
"use strict";
(() => {
  const form = document.querySelector("[data-audience]");
  const look = document.querySelector("[data-look]");
  if (!form || !look) return;
  let waiting;
  let asked = 0;
  const count = async () => {
    const mine = ++asked;
    const fields = new FormData(form);
    fields.set("look", "part");
    look.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, { method: "POST", body: fields, redirect: "error" });
      // What is wrong is said beside its field when the form is sent; until then the last count stays.
      if (answer.ok && mine === asked) {
        look.innerHTML = await answer.text();
      }
    } catch {
      // The button still counts.
    }
    if (mine === asked) look.removeAttribute("aria-busy");
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(count, 400);
  });
})();
