// The page: its views, what is dropped or pasted on it, the service's state.

import { startCamera, stopCamera } from "./camera.js";
import { inWords, origin, reach, readBy } from "./answers.js";
import { $ } from "./dom.js";
import "./draw.js";
import { addFiles } from "./files.js";
import "./forget.js";
import { showImage } from "./image.js";
import { openInside } from "./inside.js";
import { sentence } from "./words.js";

const VIEWS = ["draw", "image", "camera", "files", "inside"];
const AGAIN = 3000; // milliseconds after which a service that was not reached is asked again

function openView() {
  const asked = location.hash.slice(1);
  const view = VIEWS.includes(asked) ? asked : VIEWS[0];
  for (const name of VIEWS) $(name).hidden = name !== view;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${document.querySelector(`#${view} h2`).textContent} · inkdigits`;
  scrollTo(0, 0);
  if (view !== "camera") stopCamera();
  if (view === "inside") openInside();
}

/** One file is looked at, several go to the table; so does all that comes while the table is open. */
function take(files) {
  if (!files.length) return;
  const many = files.length > 1 || !$("files").hidden;
  location.hash = many ? "files" : "image";
  many ? addFiles(files) : showImage(files[0]);
}

function watch() {
  $("unreached").hidden = origin.reached;
  $("unreached").textContent = "The service is not reached. What you have written stays, and is read as soon as the service is back.";
  if (origin.reached) showModel();
  else setTimeout(() => reach().catch(watch), AGAIN);
}

async function showModel() {
  try {
    $("model").textContent = await readBy();
  } catch (error) {
    $("model").textContent = sentence(inWords(error));
  }
}

addEventListener("hashchange", openView);
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  take([...event.dataTransfer.files]);
});
addEventListener("paste", (event) => take([...event.clipboardData.files]));
origin.addEventListener("change", watch);
navigator.serviceWorker?.register("sw.js");
openView();
watch();
