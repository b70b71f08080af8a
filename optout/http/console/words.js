// What the API's words are called on the page.

import { h } from "./dom.js";

const PARTIES = { carrier: "the carrier", platform: "ACS", service: "optout", nobody: "nobody" };
const INTENTS = { stop: "STOP", stop_all: "STOP ALL", start: "START", help: "HELP" };
const EFFECTS = {
  opted_out: "Opted out",
  opted_in: "Opted in",
  confirmed: "No change: already so",
  none: "Changes nothing",
  outdated: "Too late: something newer counts",
};
const ANSWERS = {
  none: "Nobody answered",
  sent: "optout answered",
  printed: "optout answered (printed)",
  by_carrier: "The carrier answered",
  by_platform: "ACS answered",
};
const FATES = {
  pending: "is on its way",
  superseded: "was not sent: it would not be true",
  expired: "was not sent: it would have come too late",
  guarded: "was not sent: the same request had just been answered",
  blocked: "was not sent: it would have been blocked",
  failed: "could not be sent",
  unknown: "may have arrived",
};
const TYPES = {
  toll_free: "toll-free number",
  short_code: "short code",
  long_code: "long code",
  alphanumeric: "sender ID",
};
const FLAGS = {
  event_time: "the time is the event's own",
  no_time: "no time could be read",
  future_time: "its time was ahead of the clock",
  probable: "probable, not certain",
  blocked: "only the person can lift the block",
  message_id_again: "another message came with the same id",
  out_of_reach: "of a country that the sender does not reach",
  no_country_code: "the number may lack its country code",
};

export const party = (name) => PARTIES[name] ?? name;
export const intent = (name) => INTENTS[name] ?? "no request";
export const effect = (name) => EFFECTS[name] ?? name;
export const verdict = (name) => ({ confirm: "It was an opt-out", lift: "It was not an opt-out" })[name];
export const flag = (name) => FLAGS[name] ?? name.replaceAll("_", " ");

/** Who answered, and what became of it. */
export function answered(reply) {
  return ANSWERS[reply.status] ?? `The answer ${FATES[reply.status] ?? reply.status}`;
}

/** Whether a reply with this status is, or may be, on the phone. */
export const isOnPhone = (status) =>
  ["pending", "sent", "printed", "by_carrier", "by_platform", "unknown"].includes(status);

export function about(sender) {
  return [TYPES[sender.type] ?? sender.type, sender.country].filter(Boolean).join(", ");
}

/** Why somebody is suppressed. */
export function why(standing) {
  const reasons = {
    message: standing.keyword ? `texted ${standing.keyword}` : "asked in a message",
    delivery_report: "a delivery report said so",
    link: "tapped the link of a message",
    manual: "opted out by hand",
    import: "imported",
  };
  return reasons[standing.source] ?? standing.source;
}

const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const UTC = { timeZone: "UTC" };
const UTC_DAY = new Intl.DateTimeFormat(undefined, { ...UTC, day: "numeric", month: "short" });
const UTC_TIME = new Intl.DateTimeFormat(undefined, { ...UTC, hour: "2-digit", minute: "2-digit" });
const OFFSET = new Intl.DateTimeFormat("en", { timeZoneName: "longOffset" });

/** The reader's time zone, and how far it is from UTC now. */
export function zone() {
  const { timeZone } = DAY.resolvedOptions();
  const offset = OFFSET.formatToParts().find((part) => part.type === "timeZoneName").value;
  return { name: timeZone, offset: offset.replace("GMT", "UTC") };
}

/** A time in the reader's own zone, and in UTC where that is another. */
export function when(stamp, { dayToo = true } = {}) {
  const moment = new Date(stamp);
  const text = dayToo ? `${DAY.format(moment)}, ${TIME.format(moment)}` : TIME.format(moment);
  const title = `${stamp.slice(0, 19).replace("T", " ")} UTC`;
  return h("time", { datetime: stamp, title }, dayToo ? `${text}${inUtc(moment)}` : text);
}

function inUtc(moment) {
  if (moment.getTimezoneOffset() === 0) return " UTC";
  const isSameDay = moment.getDate() === moment.getUTCDate();
  const day = isSameDay ? "" : `${UTC_DAY.format(moment)}, `;
  return ` (${day}${UTC_TIME.format(moment)} UTC)`;
}
