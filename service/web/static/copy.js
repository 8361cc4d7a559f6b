// Copies what stands in a field. Without it people mark and copy by hand.
"use strict";
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    document.querySelector(`[data-copied="${button.dataset.copy}"]`).textContent = "Copied.";
  });
}
