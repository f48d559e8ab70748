/* Passkeys (W3C WebAuthn level 3): asks the browser for a credential and sends it with the form it belongs to. */

const toCreate = (options) => PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey);
const toGet = (options) => PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);

async function login(form) {
  const answer = await fetch(form.action, { headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" } });
  const { request_options: options } = await answer.json();
  return navigator.credentials.get({ publicKey: toGet(options) });
}

async function authenticate(form) {
  const { request_options: options } = JSON.parse(form.dataset.options);
  return navigator.credentials.get({ publicKey: toGet(options) });
}

async function add(form) {
  const { creation_options: options } = JSON.parse(form.dataset.options);
  const alone = form.elements.namedItem("passwordless").checked;
  options.publicKey.authenticatorSelection = {
    ...options.publicKey.authenticatorSelection,
    residentKey: alone ? "required" : "discouraged",
    requireResidentKey: alone,
    ...(alone && { userVerification: "required" }),
  };
  return navigator.credentials.create({ publicKey: toCreate(options) });
}

const CEREMONIES = { login, authenticate, add };

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!("PublicKeyCredential" in window) || !PublicKeyCredential.parseRequestOptionsFromJSON) continue;
  form.hidden = false;
  form.querySelector("button").addEventListener("click", async () => {
    try {
      const credential = await CEREMONIES[form.dataset.passkey](form);
      form.elements.namedItem("credential").value = JSON.stringify(credential);
      form.submit();
    } catch {
      form.querySelector("[role=alert]").hidden = false;
    }
  });
}
