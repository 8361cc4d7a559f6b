// Saves each part of the preference page as it is changed. Without it there are buttons that do the same.
"use strict";
(() => {
  const form = document.getElementById("settings");
  const outcome = document.getElementById("outcome");
  const toast = document.getElementById("toast");
  if (!form || !outcome || !toast) return;
  form.classList.add("live");

  // Several ticks of one part are one change, with one way back.
  const PATIENCE = 500;
  const waiting = new Map();
  let last = Promise.resolve();

  const refuse = () => {
    const box = document.createElement("div");
    box.className = "toast bad";
    box.append(Object.assign(document.createElement("p"), { textContent: form.dataset.failed }));
    toast.replaceChildren(box);
  };

  const save = async (part, keepalive) => {
    waiting.delete(part);
    const body = new FormData(form);
    body.set("part", part);
    try {
      const answer = await fetch(form.action, { method: "POST", body, keepalive, headers: { Accept: "application/json" } });
      const told = await answer.json();
      if (told.outcome) outcome.innerHTML = told.outcome;
      toast.innerHTML = told.toast;
      // The page itself speaks the language that was chosen.
      if (answer.ok && part === "format" && form.elements.locale.value !== document.documentElement.lang.slice(0, 2)) {
        location.reload();
      }
    } catch {
      refuse();
    }
  };

  // One after the other: an older choice must not arrive after a newer one.
  const queue = (part, keepalive = false) => {
    last = last.then(() => save(part, keepalive));
  };

  form.addEventListener("change", (event) => {
    const part = event.target.closest("[data-part]")?.dataset.part;
    if (!part || !event.target.name) return;
    clearTimeout(waiting.get(part));
    waiting.set(part, setTimeout(() => queue(part), PATIENCE));
    if (event.target.name === "topics") follow(event.target);
  });
  form.addEventListener("submit", () => {
    for (const timer of waiting.values()) clearTimeout(timer);
    waiting.clear();
  });
  addEventListener("pagehide", () => {
    for (const [part, timer] of waiting) {
      clearTimeout(timer);
      save(part, true);
    }
  });

  // What is chosen cannot be left out at the same time.
  const follow = (box) => {
    const other = form.querySelector(`input[name="excluded"][value="${box.value}"]`);
    if (!other) return;
    if (box.checked) other.checked = false;
    other.closest(".pick").hidden = box.checked;
  };

  const find = form.querySelector("[data-find]");
  if (find) {
    find.closest(".field").hidden = false;
    find.addEventListener("input", () => {
      const words = find.value.trim().toLocaleLowerCase();
      for (const pick of form.querySelectorAll(`#${find.dataset.find} .pick`)) {
        pick.hidden = !pick.textContent.toLocaleLowerCase().includes(words);
      }
    });
    // Enter looks, and sends nothing.
    find.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
  }
})();
