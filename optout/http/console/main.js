// The page: which view is shown, signing in and out, and what is read again while it is open.

import { allowed, examine, isKnown, may } from "./abilities.js";
import * as activity from "./activity.js";
import { Problem, isLocal, key } from "./api.js";
import { byId, fill } from "./dom.js";
import * as journal from "./journal.js";
import * as lookup from "./lookup.js";
import * as names from "./names.js";
import { failure } from "./notice.js";
import * as phone from "./phone.js";
import { closeDialog } from "./reason.js";
import { signOutWhenIdle } from "./session.js";
import * as waiting from "./waiting.js";
import { zone } from "./words.js";

const VIEWS = {
  "look-up": { refresh: lookup.restore, focus: "recipient" },
  activity: { refresh: activity.refresh, focus: "activity-title" },
  ...(isLocal && { phone: { refresh: phone.refresh, focus: "text" } }),
};
const FIRST = isLocal ? "phone" : "look-up";
const ACTIVITY = ["activity", "journal", "reviews", "list_quarantine"];
// What is new is asked for so often: one small request for the journal, and two for what waits.
const NEW_EVERY = isLocal ? 3_000 : 15_000;
const WAITING_EVERY = isLocal ? 6_000 : 60_000;
// On a touch screen, a field in focus would bring up a keyboard over half of the page.
const isTouch = matchMedia("(pointer: coarse)").matches;

const isSignedIn = () => isLocal || (key.get() !== "" && isKnown());
let shown = "";
let waitingAt = 0;
let isReading = false;

function show() {
  const signedIn = isSignedIn();
  const asked = location.hash.slice(1);
  const name = signedIn ? (isOpen(asked) ? asked : FIRST) : "sign-in";
  shown = name;
  for (const view of document.querySelectorAll(".view")) view.hidden = view.id !== `view-${name}`;
  for (const link of document.querySelectorAll("#views a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  byId("views").hidden = !signedIn;
  byId("activity-link").hidden = !signedIn || !may(...ACTIVITY);
  byId("phone-link").hidden = !isLocal;
  byId("sign-out").hidden = isLocal || !signedIn;
  byId("opens").hidden = isLocal || !signedIn;
  byId("opens").textContent = `This key may ${allowed().join(", ")}.`;
  document.title = `${byId(`${name}-title`).textContent} · optout`;
  byId(isTouch ? `${name}-title` : (VIEWS[name]?.focus ?? "key")).focus({ preventScroll: true });
  VIEWS[name]?.refresh();
  if (signedIn && name !== "activity") readAgain();
}

const isOpen = (name) => name in VIEWS && (name !== "activity" || may(...ACTIVITY));

byId("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const [button, given] = [byId("sign-in-submit"), byId("key").value.trim()];
  button.disabled = true;
  fill(byId("sign-in-problem"), "Trying the key …");
  try {
    const problem = await examine(given);
    fill(byId("sign-in-problem"), problem);
    if (problem) return;
    key.set(given);
    byId("sign-in").reset();
    show();
  } catch (problem) {
    fill(byId("sign-in-problem"), failure(problem));
  } finally {
    button.disabled = false;
  }
});

function signOut(why = "") {
  key.clear();
  closeDialog();
  fill(byId("toast"));
  lookup.clear();
  activity.clear();
  names.forget();
  show();
  byId("sign-in").reset();
  fill(byId("sign-in-problem"), why);
}

byId("sign-out").addEventListener("click", () => signOut());
byId("stay").addEventListener("click", () => byId("main").focus());
signOutWhenIdle(() => !isLocal && key.get() !== "", signOut);

/** Read what is new and what waits, unless nobody looks, or somebody is asked something. */
async function readAgain() {
  if (isReading || document.hidden || !isSignedIn() || document.querySelector("dialog[open]")) return;
  isReading = true;
  try {
    const isActivity = shown === "activity";
    const isNew = isActivity && (await journal.showNew());
    if (isNew) activity.showActivity();
    if (isNew || Date.now() - waitingAt >= WAITING_EVERY) {
      await (isActivity ? waiting.updateWaiting() : waiting.countWaiting());
      waitingAt = Date.now();
    }
    fill(byId("live"), "New entries appear by themselves.");
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    fill(byId("live"), `New entries do not appear now. ${problem.message}`);
  } finally {
    isReading = false;
  }
}

setInterval(readAgain, NEW_EVERY);
document.addEventListener("visibilitychange", () => {
  readAgain();
  if (shown === "phone" && !document.hidden) phone.comeBack();
});
window.addEventListener("hashchange", () => {
  if (location.hash !== "#main") show(); // the skip link is not a view
});
const { name, offset } = zone();
byId("zone").textContent =
  name === "UTC" ? "Times are in UTC." : `Times are yours, ${name} (${offset}), with UTC beside them.`;
// A key of a page that was open before: what it opens is not known yet.
if (!isLocal && key.get() && !isKnown()) key.clear();
show();
