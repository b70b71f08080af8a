// The page: which view is shown, and signing in and out.

import * as activity from "./activity.js";
import { isLocal, key } from "./api.js";
import { byId } from "./dom.js";
import * as lookup from "./lookup.js";
import * as phone from "./phone.js";

const VIEWS = {
  "look-up": { refresh: () => {}, focus: "recipient" },
  activity: { refresh: activity.refresh, focus: "activity-title" },
  ...(isLocal && { phone: { refresh: phone.refresh, focus: "text" } }),
};
const FIRST = isLocal ? "phone" : "look-up";
// On a touch screen, a field in focus would bring up a keyboard over half of the page.
const isTouch = matchMedia("(pointer: coarse)").matches;

function show() {
  const signedIn = isLocal || key.get() !== "";
  const asked = location.hash.slice(1);
  const name = signedIn ? (asked in VIEWS ? asked : FIRST) : "sign-in";
  for (const view of document.querySelectorAll(".view")) view.hidden = view.id !== `view-${name}`;
  for (const link of document.querySelectorAll("#views a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  byId("views").hidden = !signedIn;
  byId("phone-link").hidden = !isLocal;
  byId("sign-out").hidden = isLocal || !signedIn;
  document.title = `${byId(`${name}-title`).textContent} · optout`;
  byId(isTouch ? `${name}-title` : (VIEWS[name]?.focus ?? "key")).focus({ preventScroll: true });
  VIEWS[name]?.refresh();
}

byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  key.set(byId("key").value.trim());
  byId("sign-in").reset();
  show();
});

byId("sign-out").addEventListener("click", () => {
  key.clear();
  lookup.clear();
  activity.clear();
  show();
});

window.addEventListener("hashchange", () => {
  if (location.hash !== "#main") show(); // the skip link is not a view
});
show();
