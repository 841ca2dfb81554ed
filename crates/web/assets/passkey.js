// Passkeys: asks the authenticator for what the form's options say, and sends its answer with the form.
"use strict";

const octets = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** The options as the browser takes them: octets where JSON has base64url. */
function options(form) {
  const { publicKey } = JSON.parse(form.dataset.options);
  publicKey.challenge = octets(publicKey.challenge);
  if (publicKey.user) publicKey.user.id = octets(publicKey.user.id);
  for (const known of [...(publicKey.excludeCredentials ?? []), ...(publicKey.allowCredentials ?? [])]) {
    known.id = octets(known.id);
  }
  return { publicKey };
}

/** A credential as JSON (Web Authentication Level 3, section 5.1.8). */
function written(credential) {
  const { response } = credential;
  const answer = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    answer.attestationObject = text(response.attestationObject);
    answer.transports = response.getTransports?.() ?? [];
  } else {
    answer.authenticatorData = text(response.authenticatorData);
    answer.signature = text(response.signature);
    answer.userHandle = response.userHandle ? text(response.userHandle) : null;
  }
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response: answer,
    extensions: {},
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const fault = form.querySelector("[role=alert][hidden]");
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    fault.hidden = true;
    try {
      const made = await navigator.credentials[form.dataset.passkey](options(form));
      form.elements.credential.value = written(made);
      form.submit();
    } catch (error) {
      // Who looks at the console under another name than passkeys are bound to is told which one that is.
      const elsewhere = error.name === "SecurityError" && form.dataset.told;
      fault.textContent = elsewhere || (navigator.credentials ? form.dataset.failed : form.dataset.unable);
      fault.hidden = false;
    }
  });
}
