// Whether somebody may be texted: the state of a list or a sender.

import { h } from "./dom.js";
import { party, when, why } from "./words.js";

/** Whether a list or a sender may text, since when and why. */
export function state(name, standing, about = null) {
  return h(
    "div",
    { class: `state ${standing.suppressed ? "is-out" : "is-in"}` },
    h("div", { class: "state-name" }, name, about && h("p", { class: "hint" }, about)),
    h("p", { class: "state-word" }, standing.suppressed ? "Opted out" : "May be texted"),
    standing.suppressed &&
      h(
        "p",
        { class: "state-why" },
        "Since ",
        when(standing.since),
        `, ${why(standing)}`,
        ...reach(standing),
      ),
  );
}

function reach({ scope, blocked_by: blockedBy }) {
  return [
    scope === "everything" && ", for everything",
    blockedBy !== "service" && `; blocked by ${party(blockedBy)}`,
  ].filter(Boolean);
}
