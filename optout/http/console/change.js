// Opting a number out and in by hand: of what, by whom, since when, and why.

import { may } from "./abilities.js";
import { post } from "./api.js";
import { h } from "./dom.js";
import { listName } from "./names.js";
import { askForReason } from "./reason.js";

/**
 * A button that leads to the dialog; nothing where the key may not. `known` are the lists of the number,
 * to choose from; `about` is what is chosen at first; `done` gets what came of it.
 */
export function changeButton({ number, known, out, about, label, of, done }) {
  if (!may(out ? "opt_out" : "opt_in")) return null;
  const onclick = () =>
    askForReason({
      title: out ? "Opt out by hand" : "Opt in by hand",
      text: out
        ? `${number} will get no more messages from what you choose.`
        : `${number} will get messages again. Ask first: an opt-in needs the person's own word.`,
      submit: out ? "Opt out" : "Opt in",
      choices: choices(known),
      chosen: about,
      hasTime: true,
      action: ({ choice, ...said }) => change(number, out, choice, said),
      done: (changed) => done({ ...changed, isOptOut: out }),
    });
  const named = of ? `${label.replace("…", "")}: ${of}` : null;
  return h("button", { type: "button", class: "change", onclick, "aria-label": named }, label);
}

function choices(known) {
  const own = (each) => each.list.startsWith("sender:");
  const lists = known.filter((each) => !own(each) && each.senders.length > 0);
  const senders = known.flatMap((each) => each.senders.map((one) => [each, one]));
  return [
    ...lists.map((each) => [`list ${each.list}`, `List: ${listName(each.list)}`]),
    ...senders.map(([each, one]) => [
      `sender ${one.sender}`,
      own(each)
        ? `Sender: ${one.sender}, in no program`
        : `Sender and its list: ${one.sender}, ${listName(each.list)}`,
    ]),
    ["everything", "Everything"],
  ];
}

function change(recipient, out, choice, { submission, ...said }) {
  const [kind, ...name] = choice.split(" ");
  const about = kind === "everything" ? { everything: true } : { [kind]: name.join(" ") };
  // A sender is chosen from those that the history names, not typed.
  if (kind === "sender") about.allow_unconfigured = true;
  return post(
    `suppressions/${out ? "opt-out" : "opt-in"}`,
    { ...about, recipient, ...said },
    { "Idempotency-Key": `"${submission}"` },
  );
}

/** What a change did, in a sentence that says no more than what now holds. */
export function outcome(changed) {
  const left = (changed.still_blocked ?? []).map((block) => block.sender);
  if (changed.isOptOut) return said(changed.effect, "Opted out.", "They were opted out already.");
  if (changed.suppressed && changed.remedy) {
    return `Not opted in: ${changed.sender} stays blocked. Below is what the person can do.`;
  }
  if (changed.suppressed) return "Recorded, but they stay opted out: something newer counts.";
  if (left.length > 0) return `Opted in, but not to ${left.join(", ")}, which stays blocked.`;
  return said(changed.effect, "Opted in.", "They were opted in already.");
}

function said(effect, done, already) {
  const others = { outdated: "Recorded, but something newer counts.", confirmed: already };
  return others[effect] ?? (effect === "none" ? "Recorded. It changes nothing." : done);
}
