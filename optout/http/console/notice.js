// What went wrong or well, said where it happened.

import { Problem } from "./api.js";
import { byId, h } from "./dom.js";

const SHOWN_FOR = 8_000;

/** A problem as a part of the page, with a way to try again. */
export function failure(problem, again) {
  if (!(problem instanceof Problem)) throw problem;
  if (problem.isDenied) {
    return h(
      "p",
      { class: "notice is-denied" },
      h("strong", {}, problem.status === 401 ? "Not with this key. " : "Not from here. "),
      problem.message,
    );
  }
  return h(
    "div",
    { class: "notice is-problem", role: "alert" },
    h(
      "p",
      {},
      h("strong", {}, problem.status === 503 ? "Not available now. " : "That did not work. "),
      problem.message,
    ),
    again && h("button", { type: "button", onclick: again }, "Try again"),
  );
}

/** What stands in the place of a part that the key does not open. */
export function closed(what) {
  return h("p", { class: "notice is-denied" }, h("strong", {}, "Not with this key. "), what);
}

/** A sentence at the edge of the page, for a while. */
export function toast(text) {
  const shown = h("p", {}, text);
  byId("toast").replaceChildren(shown);
  setTimeout(() => shown.remove(), SHOWN_FOR);
}
