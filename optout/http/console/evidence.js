// All evidence about one person: as a file, and on paper.

import { post } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { entry } from "./entry.js";
import { csv, save } from "./files.js";
import { failure, toast } from "./notice.js";
import { when } from "./words.js";

const PAGE = 500;

/** What gives out what is known about a number; `standing` is what was found of it. */
export function evidenceActions(number, standing) {
  const problem = h("div", {});
  const button = (label, work) => {
    const onclick = async ({ currentTarget: pressed }) => {
      pressed.disabled = true;
      fill(problem);
      try {
        work(await everything(number));
      } catch (error) {
        fill(problem, failure(error));
      } finally {
        pressed.disabled = false;
      }
    };
    return h("button", { type: "button", onclick }, label);
  };
  const asRows = (items) => csv(items.map((item) => ({ recipient: number, ...item })));
  return h(
    "div",
    { class: "evidence-actions" },
    button("Save as CSV", (items) => saved(number, items, "csv", asRows(items))),
    button("Save as JSON", (items) => saved(number, items, "json", whole(number, standing, items))),
    button("Print", (items) => print(number, items)),
    problem,
  );
}

async function everything(recipient) {
  const items = [];
  let cursor = null;
  do {
    const page = await post("suppressions/history", { recipient, limit: PAGE, cursor });
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== null);
  return items;
}

function saved(number, items, ending, content) {
  // Of the number the last digits alone: names of files are seen by many.
  save(`evidence-${number.slice(-4)}`, ending, content);
  toast(items.length === 1 ? "Saved one entry." : `Saved ${items.length} entries.`);
}

const whole = (recipient, status, evidence) =>
  JSON.stringify({ recipient, saved_at: new Date().toISOString(), status, evidence }, null, 2);

/** The whole history in place of its first page, and the browser's own dialog. */
function print(number, items) {
  if (byId("person")?.textContent !== number) return; // another person is shown by now
  fill(byId("history"), h("ol", { class: "timeline" }, ...items.map((item) => entry(item))));
  fill(
    byId("printed"),
    `All evidence about ${number}, as of `,
    when(new Date().toISOString()),
    `; ${items.length === 1 ? "one entry" : `${items.length} entries`}, the newest first.`,
  );
  unfold();
  window.print();
}

// On paper nobody can open what is folded.
function unfold() {
  for (const folded of document.querySelectorAll("#look-up-result details")) folded.open = true;
}

addEventListener("beforeprint", unfold);
