// The dialog before anything is changed by hand: who does it, and why.

import { byId, fill, h } from "./dom.js";
import { failure } from "./notice.js";

const ACTOR = "optout.actor";
const dialog = byId("reason-dialog");
let pending = null;

/**
 * Ask for a reason and a name, then do it; the dialog stays open while that fails.
 * `choices` are pairs of a value and its label; `action` gets {actor, reason, choice, submission}, and
 * what comes of it goes to `done` when the dialog is closed and what is behind it can have the focus
 * again. `submission` is an id that stays as long as the same is submitted again.
 */
export function askForReason({ title, text, submit, choices = [], chosen = "", action, done }) {
  byId("reason-title").textContent = title;
  byId("reason-text").textContent = text;
  byId("reason-submit").textContent = submit;
  byId("reason-about-field").hidden = choices.length === 0;
  fill(
    byId("reason-about"),
    choices.map(([value, label]) => h("option", { value, selected: value === chosen }, label)),
  );
  byId("reason").value = "";
  byId("actor").value = sessionStorage.getItem(ACTOR) ?? "";
  fill(byId("reason-problem"));
  pending = { action, done };
  dialog.showModal();
  byId("reason").focus();
}

byId("reason-cancel").addEventListener("click", () => dialog.close());

byId("reason-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = byId("reason-submit");
  const actor = byId("actor").value.trim();
  sessionStorage.setItem(ACTOR, actor);
  const { action, done } = pending;
  const said = { actor, reason: byId("reason").value.trim(), choice: byId("reason-about").value };
  button.disabled = true;
  try {
    const outcome = await action({ ...said, submission: submissionOf(JSON.stringify(said)) });
    dialog.close();
    done(outcome);
  } catch (problem) {
    fill(byId("reason-problem"), failure(problem));
  } finally {
    button.disabled = false;
  }
});

/** What is submitted once more is the same submission; a word changed makes it another. */
function submissionOf(said) {
  if (pending.said !== said) Object.assign(pending, { said, submission: crypto.randomUUID() });
  return pending.submission;
}
