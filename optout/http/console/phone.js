// A phone: text a sender as a person would, and see what the phone would show. Local host only.

import { deliver, get, post } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { tone, understood } from "./entry.js";
import { failure } from "./notice.js";
import { state } from "./standing.js";
import { about, answered, isOnPhone, party, when } from "./words.js";

const PAGE = 200;
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

/** Read the senders and the conversation. */
export async function refresh() {
  try {
    const { items } = await get("senders");
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
    await deliver({
      id,
      topic: "local",
      subject: `/phonenumber/${sender}`,
      eventType: "Microsoft.Communication.SMSReceived",
      eventTime: now,
      dataVersion: "1.0",
      metadataVersion: "1",
      data: {
        messageId: id,
        from: people[country()],
        to: sender,
        message: text,
        receivedTimestamp: now,
        segmentCount: 1,
      },
    });
    await showThread();
  } catch (problem) {
    field.value ||= text;
    fill(byId("phone-problem"), failure(problem));
  }
  field.focus();
}

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
      (item) => item.kind === "message" && item.sender?.toLowerCase() === sender.sender.toLowerCase(),
    );
    const thread = byId("thread");
    fill(thread, messages.length > 0 ? messages.reverse().flatMap(bubbles) : placeholder(sender));
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

/** A message of the person's with what was understood beside it, and what the phone got back. */
function bubbles(item) {
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
      ),
    ),
    arrived &&
      h(
        "li",
        { class: "exchange" },
        h("p", { class: "bubble to-person" }, reply.text),
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
        ),
      ),
  ].filter(Boolean);
}
