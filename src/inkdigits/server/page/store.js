// What survives a reload, in IndexedDB: each file that was read, and what was read and corrected of it.

const NAME = `inkdigits ${new URL(".", location).pathname}`; // there may be others at this host
const FILES = "files"; // id -> the file
const RECORDS = "records"; // id -> {id, view, name, rows, corrections, unsaved, options}

/** Tells of `change` when this browser turns out to keep nothing: `failed`. Before all is forgotten at once it asks, by `emptying`, who has
 *  what is not saved to prevent it; it tells of `emptied` when that was done. */
export const store = Object.assign(new EventTarget(), { failed: false });

/** Keep a new entry {view, file, name, rows, corrections, unsaved}; its `id` is a promise, null where nothing can be kept. */
export function keep(entry) {
  entry.id = within("readwrite", async (files, records) => {
    const id = await done(records.add(recordOf(entry)));
    await done(files.put(entry.file, id));
    return id;
  });
}

/** Keep what has changed of an entry, its file apart. */
export async function keepChanges(entry) {
  const id = await entry.id;
  if (id !== null) await within("readwrite", (_, records) => done(records.put({ ...recordOf(entry), id })));
}

/** Forget entries. */
export async function forget(entries) {
  const ids = (await Promise.all(entries.map((entry) => entry.id))).filter((id) => id !== null);
  await within("readwrite", (files, records) => Promise.all(ids.flatMap((id) => [done(files.delete(id)), done(records.delete(id))])));
}

/** Forget everything, and have it taken out of the views. */
export async function forgetAll() {
  store.dispatchEvent(new Event("emptied"));
  (await database?.catch(() => null))?.close();
  database = null;
  await done(indexedDB.deleteDatabase(NAME));
}

/** The entries of a view, in the order in which they were first kept. */
export async function kept(view) {
  const found = await within("readonly", async (files, records) => {
    const mine = (await done(records.getAll())).filter((record) => record.view === view);
    return Promise.all(mine.map(async (record) => ({ ...record, file: await done(files.get(record.id)) })));
  });
  return (found ?? []).filter((entry) => entry.file);
}

const recordOf = ({ view, name, rows, corrections, unsaved, options }) => ({ view, name, rows, corrections, unsaved, options });

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

let database = null;

function opened() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(FILES);
    request.result.createObjectStore(RECORDS, { keyPath: "id", autoIncrement: true });
  };
  return done(request);
}

/** What work(files, records) comes to in a transaction of its own, or null where this browser keeps nothing: it is private, full, or not
 *  allowed to. */
async function within(mode, work) {
  try {
    database ??= opened();
    const transaction = (await database).transaction([FILES, RECORDS], mode);
    const over = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    const [result] = await Promise.all([work(transaction.objectStore(FILES), transaction.objectStore(RECORDS)), over]);
    return result;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    store.failed = true;
    store.dispatchEvent(new Event("change"));
    return null;
  }
}
