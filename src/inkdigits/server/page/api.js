// The way to the service: relative addresses, the key where one is wanted, patience where it is busy.

import { askForKey } from "./key.js";

const TRIES = 6; // of a request that is told to come again
const KEY = "inkdigits-key";

/** What went wrong, in words for a person. status: of HTTP, 0 where the service was not reached. said: all that it answered, if JSON. */
export class ServiceError extends Error {
  constructor(message, status, said = null) {
    super(message);
    this.status = status;
    this.said = said;
  }
}

/** What a ServiceError says. Any other error is a mistake of this page, and goes on. */
export function inWords(error) {
  if (!(error instanceof ServiceError)) throw error;
  return error.message;
}

/** Tells of `change` when the service is no longer reached, or again: `reached`. */
export const service = Object.assign(new EventTarget(), { reached: true });

/** Ask the service: GET without a body, a FormData as it is, a Blob as bytes, anything else as JSON. Returns the Response, which is ok. */
export async function ask(path, body, signal) {
  for (let tries = 1; ; tries++) {
    const key = sessionStorage.getItem(KEY);
    const answer = await send(path, body, signal, key);
    if (answer.status === 401) {
      if (key === sessionStorage.getItem(KEY)) await newKey(key !== null); // else another request has asked meanwhile
    } else if (answer.status === 503 && tries < TRIES) {
      await pause((Number(answer.headers.get("Retry-After")) || 1) * tries * (0.75 + Math.random() / 2), signal);
    } else if (answer.ok) {
      return answer;
    } else {
      const said = await answer.json().catch(() => null);
      throw new ServiceError(said?.detail ?? `the service answered ${answer.status}`, answer.status, said);
    }
  }
}

/** Files as a form. */
export function form(files) {
  const body = new FormData();
  for (const file of files) body.append("file", file, file.name);
  return body;
}

async function send(path, body, signal, key) {
  const headers = key ? { "X-API-Key": key } : {};
  const plain = body === undefined || body instanceof FormData || body instanceof Blob;
  if (!plain) headers["Content-Type"] = "application/json";
  if (body instanceof Blob) headers["Content-Type"] = "application/octet-stream";
  try {
    if (!navigator.onLine) throw new TypeError("offline");
    const method = body === undefined ? "GET" : "POST";
    const answer = await fetch(path, { method, headers, body: plain ? body : JSON.stringify(body), signal });
    reached(true);
    return answer;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    reached(false);
    throw new ServiceError("the service is not reached", 0);
  }
}

function reached(now) {
  if (now === service.reached) return;
  service.reached = now;
  service.dispatchEvent(new Event("change"));
}

let asking = null;

async function newKey(wrong) {
  asking ??= askForKey(wrong).finally(() => (asking = null));
  const key = await asking;
  if (key === null) throw new ServiceError("the service asks for a key", 401);
  sessionStorage.setItem(KEY, key);
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
