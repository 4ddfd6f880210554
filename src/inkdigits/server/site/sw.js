// The site without the network: all of its files, kept at the first visit and taken from there ever after.

const SITE = { version: "", files: [] }; // `inkdigits site` writes this line

const MINE = `inkdigits ${self.registration.scope} `; // others may be at this host
const CACHE = MINE + SITE.version;
const ADDRESSES = new Set(SITE.files.map((path) => new URL(path, self.location).href));

self.addEventListener("install", (event) => event.waitUntil(keep().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(forgetOlder().then(() => self.clients.claim())));
self.addEventListener("fetch", (event) => {
  const [address] = event.request.url.split("#");
  if (event.request.method === "GET" && ADDRESSES.has(address)) event.respondWith(kept(event.request));
});

const keep = async () => (await caches.open(CACHE)).addAll(SITE.files.map((path) => new Request(path, { cache: "reload" })));

async function forgetOlder() {
  const older = (await caches.keys()).filter((name) => name.startsWith(MINE) && name !== CACHE);
  await Promise.all(older.map((name) => caches.delete(name)));
}

const kept = async (request) => (await (await caches.open(CACHE)).match(request)) ?? fetch(request);
