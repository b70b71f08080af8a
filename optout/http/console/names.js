// What people call a sender and a list: the program's name first.

import { may } from "./abilities.js";
import { Problem, get } from "./api.js";

let asked = null;
let known = [];

/** The senders of the program file, read once; none where the key may not. */
export function senders() {
  asked ??= read();
  return asked;
}

export function forget() {
  asked = null;
  known = [];
}

async function read() {
  if (!may("list_senders")) return [];
  try {
    known = (await get("senders")).items;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    asked = null; // a page without names is better than none; the next view asks again
  }
  return known;
}

/** The programs that have a list, by their names. */
export const programsOf = (list) => [
  ...new Set(known.filter((each) => each.lists.includes(list)).map((each) => each.program)),
].filter(Boolean);

export function senderName(sender) {
  const found = known.find((each) => each.sender.toLowerCase() === sender.toLowerCase());
  return found?.program ? `${found.program} (${found.sender})` : sender;
}

export function listName(list) {
  const programs = programsOf(list);
  return programs.length > 0 ? `${programs.join(", ")} (${list})` : list;
}

/** The lists that there are, with those of former names. */
export const lists = () => [...new Set(known.flatMap((each) => each.lists))];
