// Asks for the service's key.

import { $ } from "./dom.js";

/** The key that the user types, or null. wrong: another one was tried before. */
export function askForKey(wrong) {
  const dialog = $("key");
  $("key-note").textContent = wrong ? "That was not it. It is kept until you close this tab." : "It is kept until you close this tab.";
  $("key-value").value = "";
  return new Promise((resolve) => {
    const done = (key) => {
      dialog.close();
      resolve(key);
    };
    dialog.querySelector("form").onsubmit = (event) => {
      event.preventDefault();
      done($("key-value").value);
    };
    $("key-cancel").onclick = () => done(null);
    dialog.oncancel = () => resolve(null);
    dialog.showModal();
  });
}
