// What waits for somebody: probable requests to review, and the quarantine; how many, beside the way to
// them.

import { may } from "./abilities.js";
import { get, post } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { entry } from "./entry.js";
import { fromTo } from "./journal.js";
import { closed, failure, toast } from "./notice.js";
import { askForReason } from "./reason.js";
import { when } from "./words.js";

const PAGE = 20;
const LISTS = {
  reviews: {
    path: "reviews",
    opens: "reviews",
    show: review,
    isOf: (item, sender) => item.sender?.toLowerCase() === sender,
    empty: "Nothing is waiting for review.",
    closed: "It does not open the requests to review.",
  },
  quarantine: {
    path: "quarantine",
    opens: "list_quarantine",
    show: held,
    isOf: (event, sender) => [null, sender].includes(senderOf(event)),
    empty: "Nothing is in quarantine.",
    closed: "It does not open the quarantine.",
  },
};
const turns = { reviews: 0, quarantine: 0 };
const seen = {}; // the first page of each, as it was
// What else is to be read again after somebody did something about one of them.
let afterwards = () => Promise.resolve();
let sender = "";

/** Say what to do once something was judged or tried again. */
export function onDone(work) {
  afterwards = work;
}

/** Show only what is of a sender; of all senders if it is empty. */
export function filterBy(name) {
  sender = name.toLowerCase();
  return showWaiting();
}

/** Read both lists again. */
export const showWaiting = () => Promise.all(Object.keys(LISTS).map((id) => showList(id)));

/** Read both again, and show them anew where they have changed and nobody is at work in them. */
export const updateWaiting = () =>
  Promise.all(Object.keys(LISTS).map((id) => showList(id, { isUpdate: true })));

/** Only say how many there are, for whoever looks at something else. */
export async function countWaiting() {
  for (const [id, { path, opens }] of Object.entries(LISTS)) {
    if (!may(opens)) continue;
    const page = await get(`${path}?limit=${PAGE}`);
    count(id, page);
  }
}

/** Forget what is shown. */
export function clear() {
  for (const id of Object.keys(LISTS)) {
    turns[id] += 1;
    fill(byId(id));
    count(id, { items: [], cursor: null });
  }
}

async function showList(id, { isUpdate = false } = {}) {
  const { path, opens, show, isOf, empty, closed: said } = LISTS[id];
  const place = byId(id);
  if (!may(opens)) return fill(place, closed(said));
  if (isUpdate && !(await hasChanged(id))) return place;
  const turn = ++turns[id];
  const wanted = sender;
  const list = h("ol", { class: "timeline" });
  const more = h("button", { type: "button" }, "Show more");
  let isFirst = true;
  // Of one sender there may be few on a page: as many pages as it takes.
  const add = async (cursor) => {
    let shown = 0;
    let next = cursor;
    do {
      const page = await get(
        `${path}?limit=${PAGE}${next ? `&cursor=${encodeURIComponent(next)}` : ""}`,
      );
      if (turn !== turns[id]) return false;
      if (isFirst) count(id, page);
      if (isFirst) seen[id] = JSON.stringify(page);
      isFirst = false;
      const items = page.items.filter((item) => !wanted || isOf(item, wanted));
      list.append(...items.map(show));
      shown += items.length;
      next = page.cursor;
    } while (next !== null && shown < PAGE);
    more.hidden = next === null;
    more.onclick = () => add(next).catch((problem) => more.replaceWith(failure(problem)));
    return true;
  };
  try {
    if (!(await add(null))) return;
    const none = h("p", { class: "empty" }, wanted ? `${empty} (of this sender)` : empty);
    fill(place, ...(list.children.length > 0 || !more.hidden ? [list, more] : [none]));
  } catch (problem) {
    if (turn === turns[id]) fill(place, failure(problem, () => showList(id)));
  }
}

async function hasChanged(id) {
  const turn = turns[id];
  const page = await get(`${LISTS[id].path}?limit=${PAGE}`);
  if (turn !== turns[id]) return false;
  count(id, page);
  return seen[id] !== JSON.stringify(page) && !byId(id).contains(document.activeElement);
}

/** How many wait, beside the heading and in the bar; the first page is enough to say "20 or more". */
function count(id, { items, cursor }) {
  const late = items.filter((item) => item.overdue).length;
  const number = `${items.length}${cursor === null ? "" : "+"}`;
  const what = { reviews: "to review", quarantine: "in quarantine" }[id];
  for (const badge of document.querySelectorAll(`[data-count="${id}"]`)) {
    badge.hidden = items.length === 0;
    badge.classList.toggle("is-late", late > 0);
    const spoken = ` ${what}${late > 0 ? `, ${late} for too long` : ""}`;
    badge.title = `${number}${spoken}`;
    fill(badge, number, h("span", { class: "visually-hidden" }, spoken));
  }
  if (id === "reviews") {
    byId("reviews-late").hidden = late === 0;
    byId("reviews-late").textContent =
      late === 1
        ? "One of them has waited for too long."
        : `${late}${cursor === null ? "" : " or more"} of them have waited for too long.`;
  }
}

/** The sender that an event is about, as far as it can be read; null where not. */
function senderOf(event) {
  try {
    const { eventType, type, data } = JSON.parse(event.body);
    const isReport = (eventType ?? type ?? "").includes("DeliveryReport");
    const named = isReport ? data.from : data.to;
    return typeof named === "string" ? named.toLowerCase() : null;
  } catch {
    return null;
  }
}

function review(item) {
  const judge = (verdict, title, text, submit) =>
    h(
      "button",
      {
        type: "button",
        onclick: () =>
          askForReason({
            title,
            text,
            submit,
            action: (said) =>
              post("reviews", { id: item.id, verdict, actor: said.actor, reason: said.reason }),
            done: () => judged(verdict),
          }),
      },
      `${submit}…`,
    );
  return entry(item, {
    title: fromTo(item),
    actions: [
      judge("confirm", "It was an opt-out", "The person is out as of this message.", "Confirm"),
      judge("lift", "It was not an opt-out", "What rests on this message is taken back.", "Lift"),
    ],
  });
}

async function judged(verdict) {
  toast(
    verdict === "confirm"
      ? "Confirmed: the person is out."
      : "Lifted: nothing rests on that message any more.",
  );
  await Promise.all([showList("reviews"), afterwards()]);
  byId("reviews-title").focus();
}

function held(event) {
  const replay = async ({ currentTarget: button }) => {
    button.disabled = true;
    try {
      const { result } = await post("quarantine/replay", { id: event.id });
      toast(
        result === "quarantined"
          ? "Still not understood: it stays in quarantine."
          : "Handled: it is out of quarantine.",
      );
      await Promise.all([showList("quarantine"), afterwards()]);
      byId("quarantine-title").focus();
    } catch (problem) {
      button.replaceWith(failure(problem));
    }
  };
  const again = h("button", { type: "button", onclick: replay }, "Try again");
  return h(
    "li",
    { class: "entry is-plain" },
    h(
      "p",
      { class: "entry-head" },
      h("span", { class: "entry-title" }, "An event"),
      " ",
      when(event.received_at),
    ),
    h("p", {}, event.reason),
    h("details", {}, h("summary", {}, "The event as it came"), h("pre", { tabindex: "0" }, event.body)),
    may("replay_quarantine") && h("div", { class: "entry-actions" }, again),
  );
}
