// Shows a colour and a typeface as they are chosen; without it, "Try it on" does the same.
"use strict";
(() => {
  const form = document.querySelector("[data-tries-on]");
  const accent = form.elements.accent;
  const swatch = form.querySelector("[data-swatch]");
  const isColour = () => /^#[0-9a-f]{6}$/i.test(accent.value);
  let waiting;
  const tryOn = () => {
    for (const frame of document.querySelectorAll(".looks iframe")) {
      const url = new URL(frame.src);
      url.searchParams.set("typeface", form.elements.typeface.value);
      if (isColour()) url.searchParams.set("accent", accent.value);
      if (url.href !== frame.src) frame.src = url.href;
    }
  };
  form.querySelector("[data-try]").hidden = true;
  form.addEventListener("input", (event) => {
    if (event.target === swatch) accent.value = swatch.value;
    if (event.target === accent && isColour()) swatch.value = accent.value;
    clearTimeout(waiting);
    waiting = setTimeout(tryOn, 150);
  });
})();
