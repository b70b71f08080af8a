// What the key opens: asked once, when it is entered, so that the page offers nothing that it may not do.

import { isLocal, knock } from "./api.js";

const OPENS = "optout.opens";
/** The functions that the page asks, where they are, and what they are called. */
const PARTS = [
  ["suppression_status", "suppressions/status", "look numbers up"],
  ["history", "suppressions/history", "read their history"],
  ["opt_out", "suppressions/opt-out", "opt people out"],
  ["opt_in", "suppressions/opt-in", "opt people in"],
  ["check_suppressions", "suppressions/check", "check one sender"],
  ["activity", "activity", "see the counts"],
  ["journal", "journal", "search the journal"],
  ["reviews", "reviews", "review requests"],
  ["list_quarantine", "quarantine", "see the quarantine"],
  ["replay_quarantine", "quarantine/replay", "try quarantined events again"],
  ["list_senders", "senders", null],
];

/** Whether the key opens a function, or one of several. */
export const may = (...names) => isLocal || names.some((name) => opened().includes(name));

/** What the key is for, as a list of words. */
export const allowed = () => PARTS.filter(([name, , said]) => said && may(name)).map(([, , said]) => said);

export const isKnown = () => isLocal || sessionStorage.getItem(OPENS) !== null;

/** Ask of every part whether a key opens it, and keep that. What is wrong with the key, if anything is;
 * throws a Problem where the app does not answer. */
export async function examine(given) {
  const answers = await Promise.all(PARTS.map(([, path]) => knock(path, given)));
  const isOpen = (place) => answers[place] !== 401 && answers[place] !== 403;
  const opens = PARTS.filter((_, place) => isOpen(place)).map(([name]) => name);
  if (!PARTS.some(([name, , said]) => said && opens.includes(name))) {
    return answers.includes(403)
      ? "The app lets nobody in from here, whatever the key (403). Ask whoever runs it whether your " +
          "network and your account are allowed."
      : "This key opens nothing here (401): it is mistyped, was replaced, or is for other work than a " +
          "desk's.";
  }
  sessionStorage.setItem(OPENS, JSON.stringify(opens));
  return "";
}

function opened() {
  return JSON.parse(sessionStorage.getItem(OPENS) ?? "[]");
}
