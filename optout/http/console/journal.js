// The journal: what happened to everybody, looked for and filtered, and what is new while one looks.

import { may } from "./abilities.js";
import { answeredAt, post } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { entry, headline } from "./entry.js";
import { csv, save } from "./files.js";
import { lookUp } from "./lookup.js";
import * as names from "./names.js";
import { closed, failure, toast } from "./notice.js";

const PAGE = 20;
const MOST_SAVED = 10_000;
const SAVED_AT_ONCE = 1_000;
// Writers' clocks differ: what is new may stand among what was there already.
const OVERLAP = 120_000;
const NEW_AT_ONCE = 200;
const MOST_NEW_PAGES = 5;
const place = byId("newest");
const status = byId("newest-status");
const list = h("ol", { class: "timeline" });
const more = h("button", { type: "button" }, "Show more");
const stop = h("button", { type: "button", class: "link" }, "Stop");

/** What the head of the page says: the sender, and the period as {since, until}. */
let head = {};
let asked = {}; // what is shown was asked for with this
let turn = 0;
let next = null;
let seenAt = null; // by the app's clock: what was there by then is shown
let known = new Map(); // what is shown, by its id

/** Show what the head of the page and the form ask for, from the newest on. */
export async function showJournal(about = head) {
  head = about;
  const mine = ++turn;
  if (!may("journal")) {
    fill(status);
    return fill(place, closed("It does not open the journal."));
  }
  asked = { ...head, ...form() };
  place.setAttribute("aria-busy", "true");
  try {
    await names.senders();
    const found = await find(null, mine);
    if (found === null) return;
    seenAt = found.seenAt;
    offerLists();
    known = new Map();
    fill(list);
    fill(place, list, more);
    add(found);
  } catch (problem) {
    if (mine === turn) fill(place, failure(problem, () => showJournal()));
  } finally {
    if (mine === turn) place.setAttribute("aria-busy", "false");
  }
}

/** Forget what is shown and asked for. */
export function clear() {
  turn += 1;
  head = {};
  known = new Map();
  byId("journal-form").reset();
  byId("of-list").length = 1;
  byId("journal-csv").disabled = true;
  fill(place);
  fill(status);
}

/** Add what happened since; true if something did. Nothing is asked where nothing new can come. */
export async function showNew() {
  if (!may("journal") || !place.contains(list) || place.getAttribute("aria-busy") === "true") return false;
  if (asked.until && Date.parse(asked.until) < Date.now()) return false;
  const mine = turn;
  const [newest] = known.values();
  const from = (seenAt ?? Date.parse(newest?.item.received_at ?? 0)) - OVERLAP;
  const since = new Date(Math.max(from, Date.parse(asked.since ?? 0))).toISOString();
  let cursor = null;
  let isNew = false;
  let startedAt = null;
  for (let pages = 0; pages === 0 || cursor !== null; pages += 1) {
    if (pages === MOST_NEW_PAGES) {
      await showJournal(); // much has happened: the newest of it
      return true;
    }
    const page = await post("journal", { ...asked, since, limit: NEW_AT_ONCE, cursor });
    if (mine !== turn) return false;
    startedAt ??= answeredAt;
    for (const item of page.items) isNew = put(item) || isNew;
    cursor = page.cursor;
  }
  seenAt = startedAt;
  if (isNew) tell();
  return isNew;
}

byId("journal-form").addEventListener("submit", (event) => {
  event.preventDefault();
  showJournal();
});
byId("journal-clear").addEventListener("click", () => {
  byId("journal-form").reset();
  showJournal();
});
for (const id of ["of-kind", "of-list"]) byId(id).addEventListener("change", () => showJournal());
more.addEventListener("click", async () => {
  const mine = turn;
  more.disabled = true;
  try {
    const found = await find(next, mine);
    if (found !== null) add(found);
  } catch (problem) {
    if (mine === turn) list.after(failure(problem));
  } finally {
    more.disabled = false;
  }
});
byId("journal-csv").addEventListener("click", async ({ currentTarget: button }) => {
  button.disabled = true;
  try {
    await saveAll();
  } catch (problem) {
    fill(status, failure(problem));
  } finally {
    button.disabled = false;
  }
});

/** What the form says, as the API takes it. */
function form() {
  const said = (id) => byId(id).value.trim();
  const [what, name] = said("of-kind").split(":");
  return {
    ...(said("of-text") && { text: said("of-text") }),
    ...(said("of-actor") && { actor: said("of-actor") }),
    ...(said("of-list") && { list: said("of-list") }),
    ...(name && { [what]: name }),
  };
}

/** The next page: a short one is followed by further ones until it is full, there is no more, or somebody
 * stops it. Null where something else was asked for meanwhile. */
async function find(cursor, mine) {
  const items = [];
  let isStopped = false;
  stop.onclick = () => (isStopped = true);
  let after = cursor;
  let startedAt = null;
  do {
    const page = await post("journal", { ...asked, limit: PAGE - items.length, cursor: after });
    if (mine !== turn) return null;
    startedAt ??= answeredAt;
    items.push(...page.items);
    after = page.cursor;
    if (after !== null && items.length < PAGE) {
      fill(status, `Searching … ${items.length} found so far. `, stop);
    }
  } while (after !== null && items.length < PAGE && !isStopped);
  return { items, cursor: after, seenAt: startedAt };
}

function add({ items, cursor }) {
  for (const item of items) put(item);
  next = cursor;
  more.hidden = cursor === null;
  tell();
}

/** Show an entry in its place, or as it is now; true if it was not there. */
function put(item) {
  const there = known.get(item.id);
  const text = JSON.stringify(item);
  if (there?.text === text) return false;
  const element = entry(item, { title: fromTo(item) });
  if (there) {
    if (!there.element.contains(document.activeElement)) {
      there.element.replaceWith(element);
      known.set(item.id, { item, text, element });
    }
    return false;
  }
  const older = [...known.values()].find((each) => each.item.received_at < item.received_at);
  if (older) older.element.before(element);
  else list.append(element);
  known.set(item.id, { item, text, element });
  if (older) {
    known = new Map(
      [...known].sort(([, one], [, other]) =>
        one.item.received_at < other.item.received_at ? 1 : -1,
      ),
    );
  }
  return true;
}

/** How much is shown, and of what. */
function tell() {
  const shown = known.size;
  const isAll = more.hidden;
  if (shown === 0 && isAll) {
    const isAsked = Object.keys(form()).length > 0 || head.sender;
    fill(status, isAsked ? "Nothing of that kind has happened." : "Nothing has happened yet.");
  } else {
    fill(status, `${shown} ${shown === 1 ? "entry" : "entries"}${isAll ? "" : ", and there are older ones"}`);
  }
  byId("journal-csv").disabled = shown === 0;
}

async function saveAll() {
  const mine = turn;
  const items = [...known.values()].map((each) => each.item);
  let cursor = more.hidden ? null : next;
  while (cursor !== null && items.length < MOST_SAVED) {
    const page = await post("journal", { ...asked, limit: SAVED_AT_ONCE, cursor });
    if (mine !== turn) return;
    items.push(...page.items);
    cursor = page.cursor;
    fill(status, `Reading … ${items.length} entries so far`);
  }
  tell();
  save("journal", "csv", csv(items));
  const rest = cursor === null ? "" : " There are older ones: choose an earlier period for them.";
  toast(`Saved ${items.length === 1 ? "one entry" : `${items.length} entries`}.${rest}`);
}

function offerLists() {
  const select = byId("of-list");
  if (select.options.length > 1) return;
  select.append(...names.lists().map((each) => h("option", { value: each }, names.listName(each))));
}

/** Whom an entry is about, as a way to all about them, and what it is. */
export function fromTo(item) {
  if (item.recipient === null || !may("suppression_status", "history")) return headline(item);
  const person = h(
    "button",
    { type: "button", class: "link", onclick: () => leadTo(item.recipient) },
    item.recipient,
  );
  const isTo = item.kind === "message";
  return h("span", {}, person, isTo ? ` to ${names.senderName(item.sender)}` : `: ${headline(item)}`);
}

function leadTo(recipient) {
  location.hash = "look-up";
  lookUp(recipient);
}
