// Activity: what happened by day and by sender, the newest of it, and what waits for review.

import { get, post } from "./api.js";
import { KINDS, byDay, chart, table, totals } from "./chart.js";
import { byId, fill, h } from "./dom.js";
import { entry, headline } from "./entry.js";
import { lookUp } from "./lookup.js";
import { failure, toast } from "./notice.js";
import { askForReason } from "./reason.js";
import { when } from "./words.js";

const PAGE = 20;
let activity = null;

/** Read everything again. */
export function refresh() {
  return Promise.all([showActivity(), showReviews(), showQuarantine(), showNewest()]);
}

/** Forget what is shown. */
export function clear() {
  activity = null;
  ["activity-chart", "reviews", "quarantine", "newest"].forEach((id) => fill(byId(id)));
}

byId("activity-filters").addEventListener("submit", (event) => event.preventDefault());
byId("period").addEventListener("change", showActivity);
byId("of-sender").addEventListener("change", () => activity && draw());
new ResizeObserver(() => activity && draw()).observe(byId("view-activity"));

async function showActivity() {
  try {
    activity = await get(`activity?days=${byId("period").value}`);
    offerSenders();
    draw();
  } catch (problem) {
    activity = null;
    fill(byId("activity-chart"), failure(problem, showActivity));
  }
}

const senderName = (each) => each.sender ?? "by hand, for a list or everything";

function offerSenders() {
  const select = byId("of-sender");
  const chosen = select.value;
  const names = [...new Set(activity.counts.map((each) => each.sender).filter(Boolean))].sort();
  fill(
    select,
    h("option", { value: "" }, "All senders"),
    names.map((name) => h("option", { value: name, selected: name === chosen }, name)),
  );
}

function draw() {
  const card = byId("activity-chart");
  const of = byId("of-sender").value;
  const counts = activity.counts.filter((each) => !of || each.sender === of);
  const days = byDay({ ...activity, counts });
  const sums = totals(counts);
  const width = Math.floor(
    card.clientWidth - 2 * Number.parseFloat(getComputedStyle(card).paddingLeft),
  );
  if (width <= 0) return; // not shown now
  const isOpen = card.querySelector("details")?.open;
  fill(
    card,
    h(
      "dl",
      { class: "figures" },
      ...KINDS.map(([kind, label]) =>
        h(
          "div",
          { class: `figure figure-${kind}` },
          h("dt", {}, label),
          h("dd", {}, String(sums[kind])),
        ),
      ),
    ),
    chart(days, width),
    h(
      "details",
      { open: isOpen },
      h("summary", {}, "As tables, by sender and by day"),
      h(
        "div",
        { class: "tables" },
        table(bySender(counts), "Sender", senderName),
        table(
          days.filter((day) => KINDS.some(([kind]) => day[kind] > 0)).reverse(),
          "Day",
          (row) => row.day,
        ),
      ),
      h("p", { class: "hint" }, "Days are in UTC."),
    ),
  );
}

function bySender(counts) {
  const names = [...new Set(counts.map((each) => each.sender))];
  return names
    .map((sender) => ({ sender, ...totals(counts.filter((each) => each.sender === sender)) }))
    .sort((one, other) => other.opted_out - one.opted_out);
}

/** Show a list in an element, a page at a time. */
async function pages(id, path, show, empty) {
  const place = byId(id);
  try {
    const list = h("ol", { class: "timeline" });
    const more = h("button", { type: "button" }, "Show more");
    const add = async (cursor) => {
      const page = await get(
        `${path}?limit=${PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`,
      );
      list.append(...page.items.map(show));
      more.hidden = page.cursor === null;
      more.onclick = () => add(page.cursor).catch((problem) => more.replaceWith(failure(problem)));
      return page.items.length > 0 || page.cursor !== null;
    };
    const any = await add(null);
    fill(place, any ? [list, more] : h("p", { class: "empty" }, empty));
  } catch (problem) {
    fill(
      place,
      failure(problem, () => pages(id, path, show, empty)),
    );
  }
}

const showNewest = () =>
  pages(
    "newest",
    "journal",
    (item) => entry(item, { title: fromTo(item) }),
    "Nothing has happened yet.",
  );

const showReviews = () => pages("reviews", "reviews", review, "Nothing is waiting for review.");

const showQuarantine = () => pages("quarantine", "quarantine", held, "Nothing is in quarantine.");

function fromTo(item) {
  if (item.recipient === null) return headline(item);
  const person = h(
    "button",
    { type: "button", class: "link", onclick: () => leadTo(item.recipient) },
    item.recipient,
  );
  return h("span", {}, person, item.kind === "message" ? ` to ${item.sender}` : `: ${headline(item)}`);
}

function leadTo(recipient) {
  location.hash = "look-up";
  lookUp(recipient);
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
  await Promise.all([showReviews(), showActivity(), showNewest()]);
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
      await Promise.all([showQuarantine(), showActivity(), showNewest()]);
      byId("quarantine-title").focus();
    } catch (problem) {
      button.replaceWith(failure(problem));
    }
  };
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
    h("div", { class: "entry-actions" }, h("button", { type: "button", onclick: replay }, "Try again")),
  );
}
