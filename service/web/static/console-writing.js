// Writing a blast: blocks are dragged, the preview follows the typing, lines say where inboxes cut them.
// Without it every one of these has a button.
(() => {
  "use strict";

  for (const form of document.querySelectorAll("form[data-busy]")) {
    form.addEventListener("submit", () => {
      const button = form.querySelector("button");
      button.setAttribute("aria-busy", "true");
      button.textContent = form.dataset.busy;
    });
  }

  const form = document.querySelector("[data-writing]");
  if (!form) return;

  // Preview

  const show = form.querySelector("[data-preview]");
  let due = 0;
  const preview = () => {
    const old = document.querySelector(`iframe[name="${show.formTarget}"]`);
    if (!old) return;
    // A frame that is new takes what is sent to it without an entry in the history.
    const frame = old.cloneNode(false);
    frame.removeAttribute("src");
    old.replaceWith(frame);
    form.requestSubmit(show);
  };
  const later = () => {
    clearTimeout(due);
    due = setTimeout(preview, 700);
  };
  form.addEventListener("input", later);
  preview();

  // Where inboxes cut

  const cuts = { subject: [40, 90], preheader: [40, 90] };
  for (const [name, [phone, desk]] of Object.entries(cuts)) {
    const field = form.elements.namedItem(name);
    if (!field) continue;
    const note = document.createElement("p");
    note.className = "cut";
    field.after(note);
    const count = () => {
      const length = [...field.value].length;
      const seen = [...field.value].slice(0, phone).join("");
      note.textContent = !length ? "" : length > desk
        ? `${length} characters: cut on phones after “${seen}”, and on desks after ${desk}.`
        : length > phone ? `${length} characters: phones show “${seen}…”` : `${length} characters: seen whole everywhere.`;
    };
    field.addEventListener("input", count);
    count();
  }

  // Enter in the search finds, and does not save.
  const search = form.querySelector("#article_query");
  search?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("[data-search]"));
  });

  // Blocks

  const list = form.querySelector(".block-list");
  const grips = [...form.querySelectorAll("[data-grip]")];
  if (grips.length > 1) form.querySelector("[data-drag-hint]").hidden = false;
  let dragged = null;

  // The buttons act on places in the page, so they follow it.
  const renumber = () => {
    const blocks = [...list.querySelectorAll(".block")];
    blocks.forEach((block, place) => {
      const grip = block.querySelector("[data-grip]");
      grip.textContent = grip.textContent.replace(/\d+/, place + 1);
      for (const button of block.querySelectorAll('button[name="act"]')) {
        const verb = button.value.split(" ")[0];
        button.value = `${verb} ${place}`;
        button.disabled = (verb === "up" && !place) || (verb === "down" && place === blocks.length - 1);
        const words = button.querySelector(".visually-hidden");
        words.textContent = words.textContent.replace(/\d+/, place + 1);
      }
    });
  };
  for (const grip of grips) {
    const block = grip.closest(".block");
    grip.draggable = true;
    grip.addEventListener("dragstart", (event) => {
      dragged = block;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", grip.textContent);
      event.dataTransfer.setDragImage(block, 12, 12);
      block.classList.add("dragged");
    });
    grip.addEventListener("dragend", () => {
      dragged?.classList.remove("dragged");
      dragged = null;
      renumber();
      later();
    });
    block.addEventListener("dragover", (event) => {
      if (!dragged || dragged === block) return;
      event.preventDefault();
      const box = block.getBoundingClientRect();
      const below = event.clientY > box.top + box.height / 2;
      // The form is read in the order of the page.
      list.insertBefore(dragged, below ? block.nextSibling : block);
    });
    block.addEventListener("drop", (event) => event.preventDefault());
  }
})();
