// A phone: text a sender as a person would, and see what the phone would show. Local host only.

import { Problem, deliver, get, post } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { delivery, headline, tone, understood } from "./entry.js";
import { withLinks } from "./links.js";
import * as names from "./names.js";
import { failure } from "./notice.js";
import { state } from "./standing.js";
import { about, answered, isOnPhone, party, when } from "./words.js";

const PAGE = 200;
// What a phone shows of a sender: what is texted, and what happens to it elsewhere.
const SHOWN = ["message", "delivery_report", "link"];
// Numbers that are kept for fiction, by the sender's country.
const MADE_UP = {
  US: () => `+14255550${upTo(100, 199)}`,
  CA: () => `+16045550${upTo(100, 199)}`,
  GB: () => `+447700900${upTo(100, 999)}`,
};
const SAID = {
  US: ["STOP", "please take me off this list", "HELP", "START"],
  CA: ["ARRET", "STOP", "AIDE", "START"],
  GB: ["STOP", "STOP ALL", "HELP", "START"],
};
const upTo = (low, high) => low + Math.floor(Math.random() * (high - low + 1));

let senders = [];
// A person for each country, so that a conversation goes on when its sender is chosen again.
const people = { US: "+14255550123", CA: "+16045550123", GB: "+447700900123" };
let turn = 0;
// A number that was typed counts once it is read: an event says it as ACS does.
let reading = Promise.resolve();

const chosen = () => senders.find((each) => each.sender === byId("to").value);
const country = () => (chosen()?.country in MADE_UP ? chosen().country : "US");

/** Read the conversation again: whoever comes back from the page of a link has perhaps opted out. */
export const comeBack = () => chosen() && showThread();

/** Read the senders and the conversation. */
export async function refresh() {
  try {
    const [{ items }] = await Promise.all([get("senders"), names.senders()]);
    const before = byId("to").value;
    senders = items;
    fill(
      byId("to"),
      items.map((each) =>
        h(
          "option",
          { value: each.sender, selected: each.sender === before },
          `${each.sender} · ${about(each)}`,
        ),
      ),
    );
    await chooseSender();
  } catch (problem) {
    fill(byId("phone-problem"), failure(problem, refresh));
  }
}

byId("to").addEventListener("change", chooseSender);
byId("from").addEventListener("change", () => {
  reading = showThread();
});
byId("new-person").addEventListener("click", () => {
  people[country()] = MADE_UP[country()]();
  byId("from").value = people[country()];
  showThread();
});
byId("phone-settings").addEventListener("submit", (event) => event.preventDefault());
byId("report").addEventListener("click", report);
byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send(byId("text").value);
});

async function chooseSender() {
  const sender = chosen();
  if (!sender) return;
  const hears = sender.type !== "alphanumeric";
  byId("from").value = people[country()];
  byId("device-bar").textContent = sender.sender;
  byId("to-hint").textContent =
    `${sender.program}, list ${sender.list}, opt-out managed by ${party(sender.managed_by)}.`;
  byId("composer").hidden = !hears;
  byId("suggestions").hidden = !hears;
  fill(
    byId("suggestions"),
    SAID[country()].map((text) => h("button", { type: "button", onclick: () => send(text) }, text)),
  );
  await showThread();
}

async function send(text) {
  await reading;
  if (byId("from").value !== people[country()]) return; // no number; the page says so
  const sender = byId("to").value;
  const id = `Incoming_${crypto.randomUUID()}`;
  const now = new Date().toISOString();
  const field = byId("text");
  // Before it is sent: the next message may be typed meanwhile.
  if (field.value === text) field.value = "";
  fill(byId("phone-problem"));
  try {
    await deliver(
      event("SMSReceived", {
        messageId: id,
        from: people[country()],
        to: sender,
        message: text,
        receivedTimestamp: now,
        segmentCount: 1,
      }),
    );
    await showThread();
  } catch (problem) {
    field.value ||= text;
    fill(byId("phone-problem"), failure(problem));
  }
  field.focus();
}

/** A message of ours that did not arrive: ACS says that the person has opted out. */
async function report() {
  await reading;
  if (byId("from").value !== people[country()]) return; // no number; the page says so
  const now = new Date().toISOString();
  fill(byId("phone-problem"));
  try {
    await deliver(
      event("SMSDeliveryReportReceived", {
        messageId: `Outgoing_${crypto.randomUUID()}`,
        from: byId("to").value,
        to: people[country()],
        deliveryStatus: "Failed",
        deliveryStatusDetails: "4007: the recipient has opted out",
        receivedTimestamp: now,
        deliveryAttempts: [{ timestamp: now, segmentsSucceeded: 0, segmentsFailed: 1 }],
      }),
    );
    await showThread();
  } catch (problem) {
    fill(byId("phone-problem"), failure(problem));
  }
}

/** An event as ACS publishes it. */
const event = (kind, data) => ({
  id: data.messageId,
  topic: "local",
  subject: `/phonenumber/${byId("to").value}`,
  eventType: `Microsoft.Communication.${kind}`,
  eventTime: data.receivedTimestamp,
  dataVersion: "1.0",
  metadataVersion: "1",
  data,
});

async function showThread() {
  const asked = ++turn;
  const sender = chosen();
  const typed = byId("from").value.trim();
  try {
    const history = await post("suppressions/history", { recipient: typed, limit: PAGE });
    const { recipient } = history;
    const checked = await post("suppressions/check", {
      sender: sender.sender,
      recipients: [recipient],
    });
    if (asked !== turn) return; // another conversation was chosen meanwhile
    people[country()] = recipient;
    byId("from").value = recipient;
    const messages = history.items.filter(
      (item) =>
        SHOWN.includes(item.kind) && item.sender?.toLowerCase() === sender.sender.toLowerCase(),
    );
    const link = sender.type === "alphanumeric" ? await optOutLink(sender, recipient) : null;
    if (asked !== turn) return;
    const thread = byId("thread");
    const shown = messages.reverse().flatMap(bubbles);
    fill(thread, link && linkBubble(link), shown.length > 0 || link ? shown : placeholder(sender));
    thread.scrollTop = thread.scrollHeight;
    fill(byId("standing"), state(`From ${sender.sender}`, checked.results[0]));
    fill(byId("phone-problem"));
  } catch (problem) {
    if (asked === turn) fill(byId("phone-problem"), failure(problem));
  }
}

function placeholder(sender) {
  const text =
    sender.type === "alphanumeric"
      ? "Nobody can text a sender ID. People opt out over other channels: look the number up and opt out by hand."
      : "No messages yet. Write one, or take one of the suggestions.";
  return h("li", { class: "empty" }, text);
}

/** The link by which a person opts out of a sender that nobody can answer; null where none is made. */
async function optOutLink(sender, recipient) {
  try {
    const { results } = await post("links", { sender: sender.sender, recipients: [recipient] });
    return results[0].url ?? null;
  } catch (problem) {
    if (problem instanceof Problem) return null; // this app makes none
    throw problem;
  }
}

const linkBubble = (url) =>
  h(
    "li",
    { class: "exchange" },
    h("p", { class: "bubble to-person" }, ...withLinks(`To stop these messages: ${url}`)),
    h("div", { class: "beside" }, h("p", { class: "hint" }, "As your messages would have it")),
  );

/** What happened that is no text: a report of ACS's, a link that was used. */
const happened = (item) =>
  h(
    "li",
    { class: "event" },
    h("p", {}, headline(item), ", ", when(item.at, { dayToo: false })),
    h("div", { class: tone(item) }, ...understood(item)),
  );

/** A message of the person's with what was understood beside it, and what the phone got back. */
function bubbles(item) {
  if (item.kind !== "message") return [happened(item)];
  const reply = item.reply;
  const arrived = reply?.text && isOnPhone(reply.status);
  const silent = reply && !arrived && reply.status !== "none";
  return [
    h(
      "li",
      { class: "exchange" },
      h(
        "p",
        { class: "bubble from-person" },
        h("span", { class: "visually-hidden" }, "You: "),
        item.text ?? "(forgotten)",
      ),
      h(
        "div",
        { class: `beside ${tone(item)}` },
        ...understood(item),
        silent && h("p", { class: "hint" }, `${answered(reply)}.`),
        silent && reply.delivery && h("p", { class: "hint" }, delivery(reply.delivery)),
      ),
    ),
    arrived &&
      h(
        "li",
        { class: "exchange" },
        h("p", { class: "bubble to-person" }, ...withLinks(reply.text)),
        h(
          "div",
          { class: "beside" },
          h(
            "p",
            { class: "hint" },
            answered(reply),
            reply.sent_at && ", ",
            reply.sent_at && when(reply.sent_at, { dayToo: false }),
          ),
          reply.delivery && h("p", { class: "hint" }, delivery(reply.delivery)),
        ),
      ),
  ].filter(Boolean);
}
