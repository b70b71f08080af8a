// One piece of evidence as people read it: what was written, understood, done and answered.

import { h } from "./dom.js";
import { listName, senderName } from "./names.js";
import { answered, effect, flag, intent, isOnPhone, verdict, when } from "./words.js";

// Later than this after it happened, it is worth saying when it was recorded.
const SOON = 120_000;
const LANGUAGE = new Intl.DisplayNames(undefined, { type: "language" });

/** An item of a history; a title and actions may be added. */
export function entry(item, { title = headline(item), actions = [] } = {}) {
  return h(
    "li",
    { class: `entry ${tone(item)}` },
    h("p", { class: "entry-head" }, h("span", { class: "entry-title" }, title), " ", when(item.at)),
    item.kind === "message" && words(item.text),
    ...understood(item),
    ...recorded(item),
    item.reply && answer(item.reply),
    actions.length > 0 && h("div", { class: "entry-actions" }, ...actions),
  );
}

/** Who it was, by the sign-in; and when it was recorded, where that was later. */
function recorded(item) {
  const isLate = Date.parse(item.received_at) - Date.parse(item.at) > SOON;
  return [
    item.principal && h("p", { class: "hint" }, `Signed in as ${item.principal.name ?? item.principal.id}`),
    isLate && h("p", { class: "hint" }, "Recorded on ", when(item.received_at)),
  ];
}

/** What was understood and what it did, in a line or two; by which rule, for those who ask. */
export function understood(item) {
  const flags = item.flags.filter((name) => name !== "probable");
  return [
    item.kind === "message" && h("p", { class: "understood" }, ...reading(item)),
    item.rule && reasons(item),
    h(
      "p",
      { class: "outcome" },
      h("span", { class: `pill ${tone(item)}` }, effect(item.effect)),
      item.scopes.includes("everything") && h("span", { class: "pill" }, "everything"),
      item.verdict && h("span", { class: "pill" }, verdict(item.verdict)),
      item.overdue && h("span", { class: "pill is-late" }, "has waited for too long"),
      item.policy === "review" && h("span", { class: "pill" }, "to be reviewed first"),
      ...flags.map((name) => h("span", { class: "pill" }, flag(name))),
    ),
  ].filter(Boolean);
}

function reading(item) {
  if (item.intent === "none") return ["Not understood as a request"];
  return [
    "Understood as ",
    h("strong", {}, intent(item.intent)),
    item.certainty === "probable" ? ", probably" : "",
  ];
}

function reasons(item) {
  const shown = item.matched && letters(item.matched) !== letters(item.text);
  return h(
    "details",
    { class: "why" },
    h("summary", {}, "Why"),
    h(
      "p",
      { class: "hint" },
      `${ruleOf(item)}: `,
      h("code", {}, item.rule),
      shown && `, in the words “${item.matched}”`,
    ),
  );
}

/** What kind of rule it was. */
function ruleOf({ rule, language }) {
  const [whose] = rule.split(":");
  if (whose === "program") return "A word that the program has";
  if (whose === "link") return "The key that made the link";
  if (whose === "delivery_report") return "What the delivery report says";
  if (whose === "second-reader") return "No rule, but what it is like when all its words are weighed";
  if (rule.endsWith("+weighed")) {
    return `What such words mean in ${LANGUAGE.of(language)}, and what stands around them, weighed`;
  }
  if (language && whose === language) return `What such words mean in ${LANGUAGE.of(language)}`;
  return "A keyword of this kind of sender";
}

const letters = (text) => (text ?? "").toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** opted-out, opted-in or neither: the colour of an entry. */
export function tone(item) {
  if (item.effect === "opted_out") return "is-out";
  if (item.effect === "opted_in") return "is-in";
  return "is-plain";
}

function words(text) {
  return text === null
    ? h("p", { class: "hint" }, "The text is no longer kept.")
    : h("blockquote", { class: "words" }, text);
}

function answer(reply) {
  return h(
    "div",
    { class: "answer" },
    h(
      "p",
      { class: "answer-head" },
      h("span", {}, answered(reply)),
      reply.sent_at && when(reply.sent_at, { dayToo: false }),
    ),
    reply.text &&
      h("blockquote", { class: isOnPhone(reply.status) ? "reply" : "reply is-unsent" }, reply.text),
    reply.error && h("p", { class: "hint" }, reply.error),
    reply.delivery && h("p", { class: "hint" }, delivery(reply.delivery)),
  );
}

/** What ACS reported of a reply. */
export function delivery({ delivered, details }) {
  return `${delivered ? "Delivered" : "Not delivered"}${details ? `: ${details}` : ""}`;
}

/** What an item is about. */
export function headline(item) {
  const where = place(item);
  if (item.kind === "message") return `Texted ${where}`;
  if (item.kind === "delivery_report") {
    const whose = item.message_id ? "A delivery report" : "A sending service's report";
    return `${whose} about ${where}: ${item.reason}`;
  }
  if (item.counts) return `${item.actor} imported ${optIns(item.counts)} to ${where}: ${item.reason}`;
  if (item.kind === "import") return `Imported to ${where}`;
  if (item.kind === "link") return `Tapped the link of a message from ${where}`;
  if (item.kind === "rules") return "Computed anew by new rules";
  if (item.verdict) return `${item.actor} judged a message to ${where}: ${item.reason}`;
  const way = item.intent === "start" ? "in" : "out";
  return `${item.actor ?? "Somebody"} opted ${way} by hand, ${where}${item.reason ? `: ${item.reason}` : ""}`;
}

/** Which sender or list it is about, the program's name first. */
export function place(item) {
  if (item.sender) return senderName(item.sender);
  return item.list ? listName(item.list) : "everything";
}

function optIns({ opted_in: times }) {
  return times === 1 ? "an opt-in" : `${times.toLocaleString()} opt-ins`;
}
