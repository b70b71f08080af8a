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
    !standing.suppressed && h("p", { class: "state-why" }, ...onRecord(standing)),
  );
}

/** What is on record about somebody who may be texted; a check does not say since when. */
function onRecord({ state: known, in_since: since }) {
  if (known === "in") return since ? ["Opted in since ", when(since)] : ["Opted in"];
  return [known === "none" && "No opt-in on record"].filter(Boolean);
}

function reach({ scope, blocked_by: blockedBy }) {
  return [
    scope === "everything" && ", for everything",
    blockedBy !== "service" && `; blocked by ${party(blockedBy)}`,
  ].filter(Boolean);
}
