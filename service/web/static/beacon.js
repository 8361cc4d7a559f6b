// Reports one view of the page it stands in, to the Broadsheet it was loaded from. No cookie, nothing stored.
// On the article pages of a site: <script async src="https://news.example.org/static/beacon.js"></script>
// A share button may call broadsheetShared().
"use strict";
(() => {
  const home = document.currentScript && new URL(document.currentScript.src).origin;
  if (!home || navigator.webdriver) return;
  const canonical = document.querySelector("link[rel=canonical]");
  const page = (canonical && canonical.href) || location.href;
  const report = (what) => navigator.sendBeacon(`${home}/s/${what}`, page);
  // Who came from our own mails is counted there.
  if (!document.referrer.startsWith(home)) report("view");
  window.broadsheetShared = () => report("share");
})();
