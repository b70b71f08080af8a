// Who is away from the desk is signed out.

import { byId } from "./dom.js";

const MINUTE = 60_000;
const AFTER = 15 * MINUTE;
const WARNED = MINUTE;
const LOOK_EVERY = 5_000;
const IN_USE = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

let last = Date.now();

/** Sign out when nobody has used the page for a while; a minute before, it says so. */
export function signOutWhenIdle(isSignedIn, signOut) {
  const look = () => {
    const idle = Date.now() - last;
    const ends = isSignedIn() && idle >= AFTER;
    byId("idle").hidden = !isSignedIn() || ends || idle < AFTER - WARNED;
    if (ends) signOut("You were signed out: nobody had used the page for 15 minutes.");
  };
  // Moving the pointer again takes the warning away; what was due while the machine slept is due still.
  const use = () => {
    look();
    last = Date.now();
    byId("idle").hidden = true;
  };
  for (const name of IN_USE) addEventListener(name, use, { capture: true, passive: true });
  document.addEventListener("visibilitychange", look);
  setInterval(look, LOOK_EVERY);
}
