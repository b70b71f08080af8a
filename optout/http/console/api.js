// Asking the app. The key is kept for this tab and sent in a header.

const KEY = "optout.key";
const TIMEOUT = 30_000;
const DENIED = {
  401: "This key may not do that (401). Ask whoever gave it to you for one of the role support.",
  403:
    "The app lets nobody in from here, whatever the key (403): its network or its sign-in refuses. " +
    "Ask whoever runs it.",
};

/** Whether this is the local host, which needs no key; in Azure there is no phone to play with. */
export const isLocal = document.documentElement.dataset.place === "local";

export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => sessionStorage.setItem(KEY, value),
  clear: () => sessionStorage.clear(),
};

/** The app's own time in its newest answer, in milliseconds; null where that said none. */
export let answeredAt = null;

/** What the app answered when it did not do what was asked; status 0: it did not answer. */
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }

  /** Whether the key is missing, wrong, or another function's, or nobody is let in from here. */
  get isDenied() {
    return this.status in DENIED;
  }
}

export const get = (path) => send("GET", `/api/${path}`);

export const post = (path, body, headers) => send("POST", `/api/${path}`, body, headers);

/** What an address answers to a method that it does not take, so that nothing is done: 405 where a key
 * opens it, and 401 or 403 where not. */
export async function knock(path, given) {
  const options = { method: "PUT", headers: { "x-functions-key": given }, cache: "no-store" };
  return (await answer(`/api/${path}`, { ...options, signal: AbortSignal.timeout(TIMEOUT) })).status;
}

/** Deliver an event as Event Grid does. */
export const deliver = (event) =>
  send("POST", "/runtime/webhooks/EventGrid?functionName=sms_events", [event], {
    "aeg-event-type": "Notification",
  });

async function send(method, path, body, headers = {}) {
  const hasBody = body !== undefined;
  const response = await answer(path, {
    method,
    headers: {
      ...headers,
      ...(hasBody && { "content-type": "application/json" }),
      ...(key.get() && { "x-functions-key": key.get() }),
    },
    body: hasBody ? JSON.stringify(body) : undefined,
    cache: "no-store",
    signal: AbortSignal.timeout(TIMEOUT),
  });
  answeredAt = Date.parse(response.headers.get("date") ?? "") || null;
  const text = await response.text();
  const type = response.headers.get("content-type") ?? "";
  const content = type.includes("json") ? JSON.parse(text) : null;
  if (!response.ok) throw new Problem(response.status, content?.detail ?? named(response.status));
  return content;
}

async function answer(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    const late = error.name === "TimeoutError";
    throw new Problem(0, late ? "The app did not answer in time." : "The app cannot be reached.");
  }
}

const named = (status) => DENIED[status] ?? `The app answered ${status}; its log says more.`;
