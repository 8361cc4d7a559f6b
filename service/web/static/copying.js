// Buttons that copy a text of the page; without a clipboard there are none, and the text can be marked.
"use strict";
(() => {
  if (!navigator.clipboard) return;
  const show = () => document.querySelectorAll("[data-copy][hidden]").forEach((button) => { button.hidden = false; });
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
    // What a screen reader says, where the page has a place for it.
    const told = document.querySelector(`[data-copied="${button.dataset.copy}"]`);
    if (told) told.textContent = "Copied.";
  });
  // Parts of the page come anew when a choice changes.
  new MutationObserver(show).observe(document.body, { childList: true, subtree: true });
  show();
})();
