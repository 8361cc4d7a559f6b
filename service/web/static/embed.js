// The sign-up form as a web component: <broadsheet-form newsletter="…" topic="…">, or this script's own
// data-newsletter and data-topic. A plain <form> inside stays in place until we have something better, and
// for good where we cannot be reached. No cookie, no storage, no request but to the host of this script.
"use strict";
(() => {
  const script = document.currentScript;
  if (!script?.src) return;
  const home = new URL(script.src).origin;
  const STYLE = `
:host { display: block; --a: var(--broadsheet-accent, var(--own-light)); --on: var(--broadsheet-on-accent, var(--own-on-light));
  --ink: var(--broadsheet-ink, inherit); --quiet: var(--broadsheet-quiet, color-mix(in srgb, currentcolor 72%, transparent)); --line: var(--broadsheet-line, color-mix(in srgb, currentcolor 30%, transparent));
  --edge: var(--broadsheet-edge, color-mix(in srgb, currentcolor 62%, transparent)); --radius: var(--broadsheet-radius, 3px);
  color: var(--ink); font: 400 1rem/1.5 var(--broadsheet-font, system-ui, sans-serif); text-align: start; }
:host([scheme="dark"]) { color-scheme: dark; }
:host([scheme="light"]) { color-scheme: light; }
@supports (color: light-dark(red, red)) { :host { --a: var(--broadsheet-accent, light-dark(var(--own-light), var(--own-dark))); --on: var(--broadsheet-on-accent, light-dark(var(--own-on-light), var(--own-on-dark))); --bad: light-dark(#a32114, #ff9d8c); } }
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
form { display: grid; gap: .75rem; }
.box { border-block: 1px solid var(--line); border-block-start: 3px solid var(--a); padding-block: 1rem; }
.name, h2 { font: 700 1.375rem/1.2 var(--broadsheet-heading-font, var(--own-heading)); margin: 0; letter-spacing: -.01em; }
p { margin: 0; }
label, summary { font-weight: 600; }
.row { display: flex; gap: .5rem; flex-wrap: wrap; }
.row input { flex: 1 1 12rem; min-inline-size: 0; }
input[type=email], select, button { font: inherit; min-block-size: 2.75rem; border-radius: var(--radius); border: 1px solid var(--edge); padding: .5rem .75rem; color: inherit; background: transparent; }
select option { color: CanvasText; background: Canvas; }
button { cursor: pointer; }
select { font-weight: 400; }
button { font-weight: 600; }
button.go { background: var(--a); border-color: var(--a); color: var(--on); padding-inline: 1.5rem; }
button:hover { text-decoration: underline; }
button[aria-disabled=true] { opacity: .7; cursor: progress; }
:focus-visible { outline: 3px solid var(--a); outline-offset: 2px; }
h2:focus { outline: none; }
[aria-invalid=true] { border-color: var(--bad, #a32114); box-shadow: inset 0 0 0 1px var(--bad, #a32114); }
.wrong { font-weight: 600; border-inline-start: 4px solid var(--bad, #a32114); padding-inline-start: .625rem; }
summary { cursor: pointer; min-block-size: 2.75rem; display: flex; align-items: center; gap: .5rem; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::after { content: ""; inline-size: .5rem; block-size: .5rem; border: solid currentcolor; border-width: 0 2px 2px 0; transform: rotate(45deg) translateY(-25%); flex: none; margin-inline-end: .25rem; }
details[open] summary::after { transform: rotate(225deg); }
summary b { font-weight: 400; }
.bar { display: flex; flex-wrap: wrap; gap: 0 1.5rem; align-items: center; justify-content: space-between; }
.bar > label { display: flex; align-items: center; gap: .625rem; }
ul { list-style: none; margin: 0; padding: 0 0 .5rem; display: grid; gap: .25rem 1rem; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); }
li label { display: flex; gap: .625rem; align-items: center; min-block-size: 2.75rem; font-weight: 400; cursor: pointer; }
li input { inline-size: 1.25rem; block-size: 1.25rem; accent-color: var(--a); flex: none; margin: 0; }
small, .small { font-size: .875rem; color: var(--quiet); }
small { display: block; line-height: 1.3; }
.forecast { font: italic 400 1.125rem/1.4 var(--broadsheet-heading-font, var(--own-heading)); min-block-size: 1.4em; }
label + .row { margin-block-start: -.5rem; }
[role=status] { display: grid; gap: .5rem; }
a { color: inherit; display: inline-block; padding-block: .5rem; margin-inline-end: 1rem; }
.decoy { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }`;

  /** Make an element: el("p", { class: "x", onclick: f }, "text", child). Text is never read as HTML. */
  const el = (tag, values, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(values ?? {})) {
      if (typeof value === "function") node.addEventListener(name.slice(2), value);
      else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child != null && child !== false));
    return node;
  };

  class BroadsheetForm extends HTMLElement {
    async connectedCallback() {
      if (this.begun) return;
      this.begun = true;
      const slug = this.getAttribute("newsletter") ?? "";
      this.api = `${home}/api/n/${encodeURIComponent(slug)}`;
      try {
        const topic = encodeURIComponent(this.getAttribute("topic") ?? "");
        const answer = await fetch(`${this.api}/form?topic=${topic}`, { credentials: "omit" });
        if (!answer.ok) return;
        this.offer = await answer.json();
      } catch {
        return;
      }
      this.show();
    }

    show() {
      const { lang, dir, look } = this.offer;
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      // The plain form has done its part; a password manager must not find two.
      this.replaceChildren();
      this.root = this.attachShadow({ mode: "open" });
      this.root.adoptedStyleSheets = [sheet];
      for (const [name, value] of Object.entries(look)) {
        this.style.setProperty(`--own-${name}`, value);
      }
      this.form = this.build();
      this.result = el("div", { role: "status" });
      this.root.append(el("div", { class: "box", lang, dir }, this.form, this.result));
      this.summarise();
    }

    build() {
      const { newsletter, topics, rhythms, rhythm: first, words, consent, latest_url: latest } = this.offer;
      const given = topics.some((topic) => topic.from_article);
      this.email = el("input", { id: "email", name: "email", type: "email", autocomplete: "email", inputmode: "email", spellcheck: "false", autocapitalize: "off", required: true, placeholder: "name@example.org" });
      this.wrong = el("p", { class: "wrong", id: "wrong", role: "alert", hidden: true });
      this.question = el("div", { hidden: true });
      this.chosen = el("b");
      this.forecast = el("p", { class: "forecast", "aria-live": "polite" }, this.offer.forecast);
      this.button = el("button", { class: "go", type: "submit" }, words.send);
      const boxes = topics.map((topic) => {
        const input = el("input", { type: "checkbox", name: "topics", value: topic.id, "data-name": topic.name });
        input.checked = !given || topic.from_article;
        return el("li", null, el("label", null, input, el("span", null, topic.name, " ", el("small", null, topic.from_article ? `${words.from_article}, ${topic.brings}` : topic.brings))));
      });
      const rhythm = el("select", { name: "rhythm" }, ...rhythms.map((each) => el("option", { value: each.value, selected: each.value === first }, each.label)));
      return el("form", { novalidate: true, onsubmit: (event) => this.send(event), onchange: () => { this.summarise(); this.foresee(); } },
        el("p", { class: "name" }, newsletter.name),
        el("label", { for: "email" }, words.email),
        el("div", { class: "row" }, this.email, this.button),
        this.wrong, this.question,
        el("div", { class: "decoy", "aria-hidden": "true" }, el("input", { name: "website", tabindex: "-1", autocomplete: "off" })),
        el("div", { class: "bar" },
          el("label", null, words.rhythm, rhythm)),
        el("details", null, el("summary", null, words.topics, this.chosen), el("ul", null, ...boxes)),
        this.forecast,
        el("p", { class: "small" }, `${words.promise} ${consent}`),
        el("p", { class: "small" },
          latest && el("a", { href: latest }, words.latest),
          newsletter.privacy_url && el("a", { href: newsletter.privacy_url }, words.privacy)));
    }

    fields() {
      const fields = new URLSearchParams(new FormData(this.form));
      fields.set("nonce", this.offer.nonce);
      fields.set("page", location.origin + location.pathname);
      try {
        fields.set("time_zone", Intl.DateTimeFormat().resolvedOptions().timeZone);
      } catch { /* The newsletter's own stands. */ }
      return fields;
    }

    summarise() {
      const { topics, words } = this.offer;
      const names = [...this.form.querySelectorAll("[name=topics]:checked")].map((box) => box.dataset.name);
      const all = names.length === topics.length && names.length > 1;
      this.chosen.textContent = all ? words.all : names.join(", ");
    }

    async foresee() {
      const asked = new URLSearchParams([...this.fields()].filter(([name]) => name === "topics" || name === "rhythm"));
      try {
        const answer = await fetch(`${home}/n/${encodeURIComponent(this.offer.newsletter.slug)}/forecast?${asked}`, { credentials: "omit" });
        if (answer.ok) this.forecast.textContent = (await answer.json()).sentence;
      } catch { /* It says what would be nice to know; the form works without it. */ }
    }

    async send(event) {
      event?.preventDefault();
      if (this.busy) return;
      const { words } = this.offer;
      this.say({});
      this.wait(true);
      // The answer takes the place of a form that is as high as it was at first.
      this.form.querySelector("details").open = false;
      const fields = this.fields();
      if (this.asked) fields.set("asked", this.asked);
      let told = { errors: { form: words.failed } };
      try {
        const answer = await fetch(`${this.api}/subscribe`, { method: "POST", body: fields, credentials: "omit" });
        told = await answer.json();
      } catch { /* Told below. */ }
      this.wait(false);
      this.take(told);
    }

    /** Not disabled, which would lose the focus. */
    wait(busy) {
      this.busy = busy;
      this.button.setAttribute("aria-disabled", String(busy));
      this.button.textContent = busy ? this.offer.words.sending : this.offer.words.send;
    }

    take(answer) {
      if (answer.nonce) this.offer.nonce = answer.nonce;
      if (answer.status === "sent") this.finish(answer);
      else if (answer.status === "asked") this.ask(answer.suggestion);
      else this.say(answer.errors);
    }

    finish({ title, text }) {
      const heading = el("h2", { tabindex: "-1" }, title);
      // The box keeps its height: nothing below it moves.
      this.root.firstChild.style.minBlockSize = `${this.root.firstChild.offsetHeight}px`;
      this.root.firstChild.style.alignContent = "start";
      this.form.remove();
      this.result.append(heading, el("p", null, text));
      heading.focus();
      this.dispatchEvent(new CustomEvent("broadsheet-sent", { bubbles: true, composed: true }));
    }

    ask(address) {
      const { words } = this.offer;
      this.asked = this.email.value.trim();
      const answer = (value) => () => {
        this.email.value = value;
        this.asked = value;
        this.question.hidden = true;
        this.send();
      };
      const yes = el("button", { type: "button", onclick: answer(address) }, words.yes);
      this.question.replaceChildren(
        el("p", null, words.did_you_mean.replace("%s", address)),
        el("div", { class: "row" }, yes, el("button", { type: "button", onclick: answer(this.asked) }, words.no)));
      this.question.hidden = false;
      yes.focus();
    }

    say(errors) {
      const [name] = Object.keys(errors);
      this.wrong.textContent = name ? errors[name] : "";
      this.wrong.hidden = !name;
      this.email.setAttribute("aria-invalid", String(name === "email"));
      if (name) this.email.setAttribute("aria-describedby", "wrong");
      else this.email.removeAttribute("aria-describedby");
      if (name === "topics") this.form.querySelector("details").open = true;
      if (name) (name === "topics" ? this.form.querySelector("[name=topics]") : name === "email" ? this.email : this.button).focus();
    }
  }

  if (!customElements.get("broadsheet-form")) customElements.define("broadsheet-form", BroadsheetForm);
  if (script.dataset.newsletter) {
    const element = el("broadsheet-form", { newsletter: script.dataset.newsletter, topic: script.dataset.topic });
    const plain = script.previousElementSibling;
    script.before(element);
    // The plain form of the snippet moves inside, and is seen until ours is there.
    if (plain?.matches("form.broadsheet")) element.append(plain);
  }
})();
