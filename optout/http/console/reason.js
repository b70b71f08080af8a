// The dialog before anything is changed by hand: who does it, and why.

import { byId, fill, h } from "./dom.js";
import { failure } from "./notice.js";
import { zone } from "./words.js";

const ACTOR = "optout.actor";
const dialog = byId("reason-dialog");
let pending = null;

/**
 * Ask for a reason and a name, then do it; the dialog stays open while that fails.
 * `choices` are pairs of a value and its label. With `hasTime` it can be said when somebody asked, and
 * who. `action` gets {actor, reason, choice, at, submission}, and what comes of it goes to `done` when
 * the dialog is closed and what is behind it can have the focus again. `submission` is an id that stays
 * as long as the same is submitted again.
 */
export function askForReason({
  title,
  text,
  submit,
  choices = [],
  chosen = "",
  hasTime = false,
  action,
  done,
}) {
  byId("reason-title").textContent = title;
  byId("reason-text").textContent = text;
  byId("reason-submit").textContent = submit;
  byId("reason-about-field").hidden = choices.length === 0;
  byId("reason-time-fields").hidden = !hasTime;
  const { name, offset } = zone();
  const whose = name === "UTC" ? "UTC" : `your time, ${name} (${offset})`;
  byId("asked-on-hint").textContent = `In ${whose}. Empty: now.`;
  fill(
    byId("reason-about"),
    choices.map(([value, label]) => h("option", { value, selected: value === chosen }, label)),
  );
  for (const id of ["reason", "asked-on", "asked-by"]) byId(id).value = "";
  byId("asked-on").max = inFields(new Date());
  byId("actor").value = sessionStorage.getItem(ACTOR) ?? "";
  fill(byId("reason-problem"));
  pending = { action, done };
  dialog.showModal();
  byId("reason").focus();
}

/** Close the dialog and forget what was written in it. */
export function closeDialog() {
  byId("reason-form").reset();
  for (const id of ["reason-text", "reason-about", "reason-problem"]) fill(byId(id));
  pending = null;
  dialog.close();
}

byId("reason-cancel").addEventListener("click", () => dialog.close());

byId("reason-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = byId("reason-submit");
  const actor = byId("actor").value.trim();
  sessionStorage.setItem(ACTOR, actor);
  const mine = pending;
  const { action, done } = mine;
  const said = { actor, reason: reason(), choice: byId("reason-about").value, ...askedOn() };
  button.disabled = true;
  try {
    const outcome = await action({ ...said, submission: submissionOf(JSON.stringify(said)) });
    if (pending !== mine) return; // signed out meanwhile
    dialog.close();
    done(outcome);
  } catch (problem) {
    fill(byId("reason-problem"), failure(problem));
  } finally {
    button.disabled = false;
  }
});

/** Why, and who asked where that was said. */
function reason() {
  const [why, who] = ["reason", "asked-by"].map((id) => byId(id).value.trim());
  return who ? `${why} (asked by ${who})` : why;
}

/** When somebody asked; nothing where it is now. */
function askedOn() {
  const written = byId("asked-on").value;
  return written ? { at: new Date(written).toISOString() } : {};
}

/** A time as such a field has it: in the reader's zone, without saying so. */
function inFields(moment) {
  const local = moment.getTime() - moment.getTimezoneOffset() * 60_000;
  return new Date(local).toISOString().slice(0, 16);
}

/** What is submitted once more is the same submission; a word changed makes it another. */
function submissionOf(said) {
  if (pending.said !== said) Object.assign(pending, { said, submission: crypto.randomUUID() });
  return pending.submission;
}
