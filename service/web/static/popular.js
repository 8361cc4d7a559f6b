// The popular list of a newsletter, for the pages of a site. No cookie, nothing stored, no third party.
//
//   <broadsheet-popular><a href="https://news.example.org/n/courier">Most read</a></broadsheet-popular>
//   <script async src="https://news.example.org/static/popular.js" data-newsletter="courier" data-items="5"></script>
//
// The list takes the colour and typeface of what is around it, so it is dark where the page is dark. To change
// it: --broadsheet-accent, --broadsheet-quiet, --broadsheet-rule, --broadsheet-font, --broadsheet-headline-font.
"use strict";
(() => {
  const script = document.currentScript;
  const tag = "broadsheet-popular";
  const look = `
    :host { display: block; container-type: inline-size; color: inherit;
      --quiet: var(--broadsheet-quiet, color-mix(in srgb, currentColor 72%, transparent));
      --rule: var(--broadsheet-rule, color-mix(in srgb, currentColor 22%, transparent)); }
    :host([hidden]) { display: none; }
    section { font-family: var(--broadsheet-font, inherit); text-align: start; line-height: 1.3; }
    h2 { box-sizing: border-box; block-size: 2.75em; margin: 0; padding-block-start: .7em; overflow: hidden;
      border-block-start: 3px solid var(--broadsheet-accent, currentColor); font-size: 1em; line-height: 1.3;
      font-weight: 700; white-space: nowrap; text-overflow: ellipsis; }
    ol { list-style: none; margin: 0; padding: 0; counter-reset: place; }
    li { position: relative; box-sizing: border-box; block-size: 5.25em; padding-block: .65em; overflow: hidden;
      display: grid; grid-template-columns: 2.25em 1fr; border-block-start: 1px solid var(--rule);
      counter-increment: place; }
    li::before { content: counter(place); font-family: var(--broadsheet-headline-font, inherit);
      font-size: 1.75em; line-height: .95;
      font-variant-numeric: lining-nums; color: var(--broadsheet-accent, var(--quiet)); }
    a { color: inherit; text-decoration: none; }
    li a { font-family: var(--broadsheet-headline-font, inherit); font-weight: 600; text-wrap: pretty;
      display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
    li a::after { content: ""; position: absolute; inset: 0; }
    a:hover { text-decoration: underline; text-underline-offset: .15em; text-decoration-thickness: 1px; }
    a:focus-visible { outline: none; }
    li:has(a:focus-visible), footer:has(a:focus-visible) { outline: 2px solid currentColor; outline-offset: -2px; }
    small { display: block; margin-block-start: .2em; font-size: .8125em; color: var(--quiet);
      white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
    footer { border-block-start: 1px solid var(--rule); font-size: .875em; }
    footer a { display: block; block-size: 3.15em; line-height: 3.15; white-space: nowrap; overflow: hidden;
      text-overflow: ellipsis; text-decoration: underline;
      text-underline-offset: .15em; text-decoration-thickness: 1px; }
    @container (max-width: 22em) { li a { -webkit-line-clamp: 3; } small { display: none; } }`;

  const make = (name, text, parent) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (parent) parent.append(made);
    return made;
  };

  class PopularList extends HTMLElement {
    static observedAttributes = ["newsletter", "topic", "items", "period", "sign-up"];

    connectedCallback() {
      // Several attributes that change together are one change.
      if (this.due || !this.getAttribute("newsletter")) return;
      this.due = Promise.resolve().then(() => { this.due = null; return this.show(); }).catch(() => {});
    }

    attributeChangedCallback() { if (this.isConnected) this.connectedCallback(); }

    async show() {
      const ask = (name, other) => this.getAttribute(name) || other;
      const home = ask("home", PopularList.home);
      const items = Math.min(Math.max(parseInt(ask("items", "5"), 10) || 5, 1), 10);
      const signUp = ask("sign-up", "yes") !== "no";
      // Nothing moves when the list comes: its height is known before.
      this.style.minBlockSize = `${2.75 + items * 5.25 + (signUp ? 2.76 : 0)}em`;
      const url = new URL(`/n/${encodeURIComponent(ask("newsletter"))}/popular.json`, home);
      url.search = new URLSearchParams({ topic: ask("topic", ""), items, period: ask("period", "week") });
      if (this.hasAttribute("preview")) url.searchParams.set("preview", "1");
      const answer = await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer" });
      // What stood here before, a plain link, stays where the list cannot come.
      if (answer.ok) this.set(await answer.json(), home, signUp);
    }

    set(list, home, signUp) {
      const root = this.shadowRoot || this.attachShadow({ mode: "open" });
      if (!root.adoptedStyleSheets.length) {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(look);
        root.adoptedStyleSheets = [sheet];
      }
      const section = document.createElement("section");
      section.lang = list.lang;
      section.dir = list.dir;
      section.setAttribute("aria-label", list.heading);
      make("h2", list.heading, section);
      const ol = make("ol", "", section);
      ol.setAttribute("role", "list");
      const lines = list.items.map((item) => {
        const li = make("li", "", ol);
        const words = make("div", "", li);
        const link = make("a", item.title, words);
        link.dir = "auto";
        if (item.url) link.href = item.url;
        link.rel = "nofollow";
        make("small", item.by, words);
        return [li, item.place];
      });
      if (signUp) make("a", list.more.title, make("footer", "", section)).href = list.more.url;
      root.replaceChildren(section);
      if (!this.hasAttribute("preview")) this.watch(lines, home);
    }

    // Says once per page which places were half in sight for a second: what clicks are measured against.
    watch(lines, home) {
      if (this.watched || navigator.webdriver || !window.IntersectionObserver) return;
      this.watched = true;
      const seen = new Set();
      const waiting = new Map();
      const places = new Map(lines);
      const watcher = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
        clearTimeout(waiting.get(target));
        if (!isIntersecting || document.visibilityState !== "visible") return;
        waiting.set(target, setTimeout(() => { seen.add(places.get(target)); watcher.unobserve(target); }, 1000));
      }), { threshold: 0.5 });
      const begin = () => lines.forEach(([line]) => watcher.observe(line));
      const tell = () => {
        if (document.visibilityState === "visible" || !seen.size) return;
        navigator.sendBeacon(`${home}/s/seen`, [...seen].join(" "));
        seen.clear();
        watcher.disconnect();
      };
      document.addEventListener("visibilitychange", tell);
      if (document.prerendering) document.addEventListener("prerenderingchange", begin, { once: true });
      else begin();
    }
  }

  if (!customElements.get(tag)) {
    PopularList.home = script ? new URL(script.src).origin : location.origin;
    customElements.define(tag, PopularList);
  }
  if (!script || !script.dataset.newsletter) return;
  const before = script.previousElementSibling;
  const own = before && before.localName === tag && !before.hasAttribute("newsletter");
  const list = own ? before : document.createElement(tag);
  list.setAttribute("home", new URL(script.src).origin);
  for (const [name, value] of Object.entries(script.dataset)) {
    list.setAttribute(name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), value);
  }
  if (!own) script.after(list);
})();
