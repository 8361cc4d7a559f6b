// Guesses the time zone on the sign-up page and lets the page follow. Without it the newsletter's zone stands.
"use strict";
(() => {
  const select = document.querySelector("select[name=time_zone]");
  const isSignUp = document.querySelector("input[name=rendered]") !== null;
  const isRetry = document.querySelector(".summary") !== null;
  if (!select || !isSignUp || isRetry) return;
  let guess = "";
  try {
    guess = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  } catch {
    return;
  }
  const offered = [...select.options].some((option) => option.value === guess);
  // Only what the list knows: an exotic name would be refused after the press of the button.
  if (offered) select.value = guess;
})();
