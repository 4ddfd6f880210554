// The page without the network: the newest where the service answers, else as it was when it last did.

const CACHE = `inkdigits ${self.registration.scope} page`; // there may be others at this host
const PAGE = [
  "./", "answers.js", "api.js", "boxes.js", "camera.js", "cards.js", "crops.js", "csv.js", "dom.js", "draw.js", "files.js",
  "fooling.js", "forget.js", "form.css", "form.html", "form.js", "formedits.js", "formfields.js", "formkeys.js", "formpage.js", "formstate.js", "formtry.js",
  "icon.svg", "image.js", "inside.js", "key.js", "leftout.js", "main.js", "manifest.webmanifest", "pad.js", "queue.js", "review.css",
  "review.html", "review.js", "reviewdigits.js", "reviewfields.js", "reviewsend.js", "store.js", "style.css", "superseding.js",
  "values.js", "words.js",
];
const ADDRESSES = new Set(PAGE.map((path) => new URL(path, self.location).href));

self.addEventListener("install", (event) => event.waitUntil(keep().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const [address] = event.request.url.split("#");
  if (event.request.method === "GET" && ADDRESSES.has(address)) event.respondWith(newest(event.request));
});

const keep = async () => (await caches.open(CACHE)).addAll(PAGE);

async function newest(request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch {
    return (await cache.match(request)) ?? Response.error();
  }
}
