// What is said goes to the service one after the other, and is kept in this browser until the service has it: nothing typed is lost.

import { ask, ServiceError } from "./api.js";

const KEPT = "inkdigits-review-"; // and the session: what is on its way, in localStorage
const AGAIN = 1000; // milliseconds after which a service that is away is asked again

/** One window. Another one of the same person has another session. */
export const session = (sessionStorage["inkdigits-session"] ??= crypto.randomUUID?.() ?? String(Math.random()).slice(2));

/** Tells of `change`: `unsent`, how much is on its way; `why`, what the service says where it cannot take it. */
export const outbox = Object.assign(new EventTarget(), { unsent: 0, why: "" });

const queue = []; // {path, body, settled}
let running = null;

/** Something that is done once, however often it is sent. */
export const newToken = () => crypto.randomUUID?.() ?? `${Date.now()}${String(Math.random()).slice(2)}`;

/** Send what somebody says. settled(answer, error): when the service has taken or refused it; error is a ServiceError, else null. */
export function send(path, body, settled) {
  queue.push({ path, body, settled });
  changed();
  running ??= run().finally(() => (running = null));
}

/** Resolves when nothing is on its way. */
export const sent = () => running ?? Promise.resolve();

/** Send what windows left that were closed before the service had it. settled: as of `send`. */
export function sendLeft(settled) {
  for (const name of Object.keys(localStorage).filter((one) => one.startsWith(KEPT))) {
    const left = JSON.parse(localStorage[name]);
    localStorage.removeItem(name);
    for (const { path, body } of left) send(path, body, settled);
  }
}

async function run() {
  while (queue.length) {
    const { path, body, settled } = queue[0];
    const [answer, error] = await taken(path, body);
    queue.shift();
    changed();
    settled(answer, error);
  }
}

async function taken(path, body) {
  for (;;) {
    try {
      const answer = await (await ask(path, body)).json();
      told("");
      return [answer, null];
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (error.status === 409 || error.status === 422 || error.status === 415) return [null, error];
      told(error.message);
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }
}

function told(why) {
  if (why === outbox.why) return;
  outbox.why = why;
  outbox.dispatchEvent(new Event("change"));
}

function changed() {
  outbox.unsent = queue.length;
  if (queue.length) localStorage[KEPT + session] = JSON.stringify(queue.map(({ path, body }) => ({ path, body })));
  else localStorage.removeItem(KEPT + session);
  outbox.dispatchEvent(new Event("change"));
}
