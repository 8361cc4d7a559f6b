// Asks every other second whether mail came, and then takes the list from a fresh copy of this page.
"use strict";

const PAUSE = 2000;

async function refresh() {
  const list = document.getElementById("messages");
  const answer = await fetch("/api/messages?limit=1&since=" + list.dataset.latest);
  const { latest } = await answer.json();
  if (latest === list.dataset.latest) return;
  const page = await (await fetch(location.href)).text();
  const fresh = new DOMParser().parseFromString(page, "text/html");
  const focused = document.activeElement.getAttribute("href");
  list.replaceWith(fresh.getElementById("messages"));
  document.title = fresh.title;
  if (focused) document.querySelector(`#messages a[href="${CSS.escape(focused)}"]`)?.focus();
}

async function watch() {
  // A restart of the inbox must not end the watch.
  try { if (!document.hidden) await refresh(); } catch { /* tried again after the pause */ }
  setTimeout(watch, PAUSE);
}

setTimeout(watch, PAUSE);
