// One click deletes all that the browser keeps of this page: lists, images, and the files that let it work offline.

import { $, say } from "./dom.js";
import { forgetAll, store } from "./store.js";

const DONE = "Deleted: nothing of this page is stored. The next visit stores its own files again.";

async function forget() {
  const loses = !store.dispatchEvent(new Event("emptying", { cancelable: true }));
  if (loses && !confirm("Corrections are not downloaded yet. Delete them too?")) return;
  await forgetAll();
  const here = await navigator.serviceWorker?.getRegistration();
  const mine = here ? (await caches.keys()).filter((name) => name.startsWith(`inkdigits ${here.scope} `)) : [];
  await Promise.all(mine.map((name) => caches.delete(name)));
  await here?.unregister();
  $("forget-state").textContent = DONE;
  say(DONE);
}

$("forget").onclick = forget;
