// Asks for the service's key.

import { make } from "./dom.js";

const KEPT = "It is kept until you close this tab.";

/** The key that the user types, or null. wrong: another one was tried before. */
export function askForKey(wrong) {
  const value = make("input", { id: "key-value", type: "password", autocomplete: "current-password", required: true });
  const cancel = make("button", { type: "button", textContent: "Cancel" });
  const form = make("form", {},
    make("h2", { id: "key-title", textContent: "This service asks for a key" }),
    make("p", { textContent: wrong ? `That was not it. ${KEPT}` : KEPT }),
    make("p", {}, make("label", { htmlFor: value.id, textContent: "Key" }), value),
    make("p", { className: "tools" }, make("button", { className: "strong", type: "submit", textContent: "Use it" }), cancel));
  const dialog = make("dialog", {}, form);
  dialog.setAttribute("aria-labelledby", "key-title");
  document.body.append(dialog);
  return new Promise((resolve) => {
    const done = (key) => {
      dialog.remove();
      resolve(key);
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      done(value.value);
    };
    cancel.onclick = dialog.oncancel = () => done(null);
    dialog.showModal();
  });
}
