// Passkeys: asks the browser, puts its answer into the form around the button, and sends that form.
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");

  const decoded = (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    ...(options.allowCredentials && {
      allowCredentials: options.allowCredentials.map((one) => ({ ...one, id: bytes(one.id) })),
    }),
    ...(options.excludeCredentials && {
      excludeCredentials: options.excludeCredentials.map((one) => ({ ...one, id: bytes(one.id) })),
    }),
  });

  const encoded = (credential) => {
    const response = { clientDataJSON: text(credential.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
  };

  const ask = async (button) => {
    const form = button.form;
    const problem = form.querySelector("[data-passkey-problem]");
    problem.hidden = true;
    button.disabled = true;
    try {
      const answer = await fetch(button.dataset.passkey, { headers: { Accept: "application/json" } });
      if (answer.redirected) {
        // The server asks something first: a login, or the password once more.
        location.assign(answer.url.includes("/confirm") ? `/console/confirm?next=${encodeURIComponent(location.pathname)}` : answer.url);
        return;
      }
      if (!answer.ok) throw new Error("The server did not answer. Try again in a moment.");
      const { options, challenge } = await answer.json();
      const publicKey = decoded(options);
      const credential = options.user
        ? await navigator.credentials.create({ publicKey })
        : await navigator.credentials.get({ publicKey });
      form.elements.passkey.value = encoded(credential);
      form.elements.passkey_challenge.value = challenge;
      form.submit();
    } catch (error) {
      problem.textContent =
        error.name === "InvalidStateError"
          ? "This device has a passkey for your account already."
          : error.name === "NotAllowedError"
            ? "The passkey was not used: it was cancelled, took too long, or is not on this device."
            : error.message;
      problem.hidden = false;
      button.disabled = false;
      button.focus();
    }
  };

  for (const part of document.querySelectorAll("[data-needs-passkeys]")) part.hidden = false;
  for (const button of document.querySelectorAll("[data-passkey]")) {
    button.hidden = false;
    button.addEventListener("click", () => ask(button));
  }
})();
