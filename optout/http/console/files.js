// What is on the page, as a file: made here, and sent nowhere.

import { h } from "./dom.js";

// As optout/operations/transfer/cells.py has it: a text must not become a formula in a spreadsheet.
const FORMULA = /^[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n']/u;
const PLAIN_NUMBER = /^\+[0-9]{1,15}$/;
const COLUMNS = [
  ["recipient", (item) => item.recipient],
  ["at", (item) => item.at],
  ["received_at", (item) => item.received_at],
  ["kind", (item) => item.kind],
  ["sender", (item) => item.sender],
  ["list", (item) => item.list],
  ["text", (item) => item.text],
  ["intent", (item) => item.intent],
  ["certainty", (item) => item.certainty],
  ["effect", (item) => item.effect],
  ["scopes", (item) => item.scopes.join(" ")],
  ["rule", (item) => item.rule],
  ["flags", (item) => item.flags.join(" ")],
  ["actor", (item) => item.actor],
  ["signed_in_as", (item) => item.principal?.name ?? item.principal?.id],
  ["reason", (item) => item.reason],
  ["verdict", (item) => item.verdict],
  ["reply", (item) => item.reply?.text],
  ["reply_status", (item) => item.reply?.status],
  ["delivered", (item) => item.reply?.delivery?.delivered],
  ["id", (item) => item.id],
];

/** Evidence as CSV, as a spreadsheet opens it; times are in UTC. */
export function csv(items) {
  const rows = items.map((item) => COLUMNS.map(([, of]) => cell(of(item))));
  return [COLUMNS.map(([name]) => name), ...rows].map((row) => `${row.join(",")}\r\n`).join("");
}

function cell(value) {
  const text = String(value ?? "");
  const safe = FORMULA.test(text) && !PLAIN_NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Give a file to the browser, named by what it is about and by today. */
export function save(about, ending, content) {
  const types = { csv: "text/csv;charset=utf-8", json: "application/json" };
  // A spreadsheet takes a file for UTF-8 by its mark alone.
  const blob = new Blob([ending === "csv" ? "\ufeff" : "", content], { type: types[ending] });
  const href = URL.createObjectURL(blob);
  const name = `optout-${about}-${new Date().toISOString().slice(0, 10)}.${ending}`;
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
