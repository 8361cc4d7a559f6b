// Tells the form the visitor's time zone, and lets the forecast follow the choice. Everything works without it.
"use strict";
(() => {
  const form = document.querySelector("form[data-forecast]");
  if (!form) return;
  try {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone) form.elements.time_zone.value = zone;
  } catch { /* The newsletter's own stands. */ }

  const line = document.getElementById("forecast");
  const followed = ["topics", "rhythm", "weekday", "enough_items"];
  let waiting = 0;
  let latest = 0;
  const follow = async () => {
    const turn = ++latest;
    const asked = new URLSearchParams([...new FormData(form)].filter(([name]) => followed.includes(name)));
    line.classList.add("asking");
    try {
      const answer = await fetch(`${form.dataset.forecast}?${asked}`, { credentials: "omit" });
      const { sentence } = await answer.json();
      if (turn === latest && sentence) line.textContent = sentence;
    } catch { /* The line stays as it was. */ }
    if (turn === latest) line.classList.remove("asking");
  };
  form.addEventListener("change", (event) => {
    if (!followed.includes(event.target.name)) return;
    clearTimeout(waiting);
    waiting = setTimeout(follow, 150);
  });
})();
