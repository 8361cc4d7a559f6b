// Buttons that copy a text of the page; without a clipboard there are none, and the text can be marked.
"use strict";
(() => {
  if (!navigator.clipboard) return;
  const show = () => document.querySelectorAll("[data-copy][hidden]").forEach((button) => { button.hidden = false; });
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  // Parts of the page come anew when a choice changes.
  new MutationObserver(show).observe(document.body, { childList: true, subtree: true });
  show();
})();
