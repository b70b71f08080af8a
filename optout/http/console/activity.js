// Activity: what happened by day and by sender; its head chooses for all of the view.

import { may } from "./abilities.js";
import { get } from "./api.js";
import { KINDS, byDay, chart, table, totals } from "./chart.js";
import { byId, fill, h } from "./dom.js";
import * as journal from "./journal.js";
import * as names from "./names.js";
import { closed, failure } from "./notice.js";
import * as waiting from "./waiting.js";

const DAY = 86_400_000;
let activity = null;
let turn = 0;

/** Read everything again. */
export async function refresh() {
  await names.senders();
  await Promise.all([showActivity(), waiting.filterBy(sender()), showJournal()]);
}

/** Forget what is shown. */
export function clear() {
  turn += 1;
  activity = null;
  byId("activity-filters").reset();
  byId("free-period").hidden = true;
  fill(byId("of-sender"), h("option", { value: "" }, "All senders"));
  fill(byId("activity-chart"));
  waiting.clear();
  journal.clear();
}

byId("activity-filters").addEventListener("submit", (event) => event.preventDefault());
byId("period").addEventListener("change", () => {
  const isFree = byId("period").value === "free";
  byId("free-period").hidden = !isFree;
  if (isFree) propose();
  again();
});
for (const id of ["from-day", "to-day"]) byId(id).addEventListener("change", again);
byId("of-sender").addEventListener("change", () => {
  if (activity) draw();
  waiting.filterBy(sender());
  showJournal();
});
new ResizeObserver(() => activity && draw()).observe(byId("view-activity"));
waiting.onDone(() => Promise.all([showActivity(), showJournal()]));

const sender = () => byId("of-sender").value;
const nameOf = (day) => new Date(day).toISOString().slice(0, 10);

function again() {
  if (isPeriod()) Promise.all([showActivity(), showJournal()]);
}

/** The last week, until somebody says which days. */
function propose() {
  const today = Date.now();
  byId("from-day").value ||= nameOf(today - 6 * DAY);
  byId("to-day").value ||= nameOf(today);
}

/** Whether the two days are a period; the fields say what is wrong with them. */
function isPeriod() {
  const to = byId("to-day");
  const isFree = byId("period").value === "free";
  const isBackwards = isFree && to.value < byId("from-day").value;
  to.setCustomValidity(isBackwards ? "This day is before the first one." : "");
  return !isFree || (byId("from-day").reportValidity() && to.reportValidity());
}

/** The period as the counts are asked for it, and as the journal is. Days are in UTC. */
function period() {
  const chosen = byId("period").value;
  if (chosen !== "free") {
    const first = nameOf(Date.now() - (Number(chosen) - 1) * DAY);
    return { query: `days=${chosen}`, since: `${first}T00:00:00Z` };
  }
  const [from, to] = [byId("from-day").value, byId("to-day").value];
  const until = nameOf(Date.parse(to) + DAY);
  return { query: `from=${from}&to=${to}`, since: `${from}T00:00:00Z`, until: `${until}T00:00:00Z` };
}

function showJournal() {
  const { since, until } = period();
  return journal.showJournal({
    since,
    ...(until && { until }),
    ...(sender() && { sender: sender() }),
  });
}

/** The counts and the chart. */
export async function showActivity() {
  if (!may("activity")) return fill(byId("activity-chart"), closed("It does not open the counts."));
  const mine = ++turn;
  try {
    const found = await get(`activity?${period().query}`);
    if (mine !== turn) return;
    activity = found;
    offerSenders();
    draw();
  } catch (problem) {
    if (mine !== turn) return;
    activity = null;
    fill(byId("activity-chart"), failure(problem, showActivity));
  }
}

/** Choose one day for all of the view. */
function chooseDay(day) {
  byId("period").value = "free";
  byId("free-period").hidden = false;
  byId("from-day").value = day;
  byId("to-day").value = day;
  again();
}

const senderName = (each) =>
  each.sender === null ? "by hand, for a list or everything" : names.senderName(each.sender);

async function offerSenders() {
  const select = byId("of-sender");
  const chosen = select.value;
  const configured = (await names.senders()).map((each) => each.sender);
  const counted = activity.counts.map((each) => each.sender).filter(Boolean);
  const isNew = (one) => !configured.some((each) => each.toLowerCase() === one.toLowerCase());
  const all = [...configured, ...[...new Set(counted.filter(isNew))].sort()];
  fill(
    select,
    h("option", { value: "" }, "All senders"),
    all.map((name) =>
      h("option", { value: name, selected: name === chosen }, names.senderName(name)),
    ),
  );
}

function draw() {
  const card = byId("activity-chart");
  const of = byId("of-sender").value;
  const counts = activity.counts.filter(
    (each) => !of || each.sender?.toLowerCase() === of.toLowerCase(),
  );
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
    chart(days, width, chooseDay),
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
          (row) =>
            h("button", { type: "button", class: "link", onclick: () => chooseDay(row.day) }, row.day),
        ),
      ),
      h("p", { class: "hint" }, "Days are in UTC. A day, here or in the chart, chooses it for all of the page."),
    ),
  );
}

function bySender(counts) {
  const names = [...new Set(counts.map((each) => each.sender))];
  return names
    .map((sender) => ({ sender, ...totals(counts.filter((each) => each.sender === sender)) }))
    .sort((one, other) => other.opted_out - one.opted_out);
}
