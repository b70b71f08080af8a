// Opting a number out and in by hand: of what, by whom, and why.

import { post } from "./api.js";
import { h } from "./dom.js";
import { askForReason } from "./reason.js";

/**
 * A button that leads to the dialog. `known` are the lists of the number, to choose from; `about` is what
 * is chosen at first; `done` gets what came of it.
 */
export function changeButton({ number, known, out, about, label, listName, done }) {
  const onclick = () =>
    askForReason({
      title: out ? "Opt out by hand" : "Opt in by hand",
      text: out
        ? `${number} will get no more messages from what you choose.`
        : `${number} will get messages again. Ask first: an opt-in needs the person's own word.`,
      submit: out ? "Opt out" : "Opt in",
      choices: choices(known),
      chosen: about,
      action: ({ choice, ...said }) => change(number, out, choice, said),
      done,
    });
  const named = listName ? `${label.replace("…", "")}: ${listName}` : null;
  return h("button", { type: "button", class: "change", onclick, "aria-label": named }, label);
}

function choices(known) {
  const own = (each) => each.list.startsWith("sender:");
  const names = known
    .filter((each) => !own(each) && each.senders.length > 0)
    .map((each) => `list ${each.list}`);
  const senders = known.flatMap((each) => each.senders.map((one) => [each, one]));
  return [
    ...names.map((name) => [name, name]),
    ...senders.map(([each, one]) => [
      `sender ${one.sender}`,
      `sender ${one.sender}${own(each) ? "" : ` and its list, ${each.list}`}`,
    ]),
    ["everything", "everything"],
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
