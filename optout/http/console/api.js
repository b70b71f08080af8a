// Asking the app. The key is kept for this tab and sent in a header.

const KEY = "optout.key";
const TIMEOUT = 30_000;

/** Whether this is the local host, which needs no key; in Azure there is no phone to play with. */
export const isLocal = document.documentElement.dataset.place === "local";

export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => sessionStorage.setItem(KEY, value),
  clear: () => sessionStorage.clear(),
};

/** What the app answered when it did not do what was asked; status 0: it did not answer. */
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }

  /** Whether the key is missing, wrong, or another function's. */
  get isDenied() {
    return this.status === 401 || this.status === 403;
  }
}

export const get = (path) => send("GET", `/api/${path}`);

export const post = (path, body, headers) => send("POST", `/api/${path}`, body, headers);

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

function named(status) {
  if (status === 401 || status === 403) return `This key may not do that (${status}).`;
  return `The app answered ${status}; its log says more.`;
}
