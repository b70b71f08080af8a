// Look up: every list a number is on, and what happened to it.

import { may } from "./abilities.js";
import { post } from "./api.js";
import { changeButton, outcome } from "./change.js";
import { byId, fill, h } from "./dom.js";
import { entry } from "./entry.js";
import { evidenceActions } from "./evidence.js";
import * as names from "./names.js";
import { closed, failure, toast } from "./notice.js";
import { state } from "./standing.js";

const PAGE = 20;
// Once somebody stops typing for so long, what they typed is read; less than that is no number yet.
const PAUSE = 400;
const FEWEST_DIGITS = 7;
// Kept in the tab, and in no address, so that a reload shows the same person.
const LAST = "optout.person";
const result = byId("look-up-result");
const field = byId("recipient");
const readAs = byId("recipient-read");
const COUNTRY = new Intl.DisplayNames(undefined, { type: "region" });
let asked = 0;
let typing = 0;

byId("look-up-form").addEventListener("submit", (event) => {
  event.preventDefault();
  lookUp(field.value.trim());
});

field.addEventListener("input", () => {
  clearTimeout(typing);
  fill(readAs);
  typing = setTimeout(() => read(field.value.trim()), PAUSE);
});

/** Say which number the app takes a text for, or how to write it; a key that may not ask is told later. */
async function read(typed) {
  if (!may("suppression_status") || typed.replace(/\P{Nd}/gu, "").length < FEWEST_DIGITS) return;
  let said = "";
  try {
    said = spelled(await post("suppressions/status", { recipient: typed }));
  } catch (problem) {
    if (problem.status === 400) said = problem.message.replace("recipient: ", "");
  }
  if (typed === field.value.trim()) fill(readAs, said);
}

const spelled = (standing) =>
  [standing.spelled, standing.country && COUNTRY.of(standing.country)].filter(Boolean).join(", ");

/** Show all about a number; true where it is shown, and nobody asked for another meanwhile. */
export async function lookUp(recipient, { focus = true } = {}) {
  clearTimeout(typing);
  fill(readAs);
  field.value = recipient;
  const turn = ++asked;
  sessionStorage.setItem(LAST, recipient);
  result.setAttribute("aria-busy", "true");
  // Whoever was shown before is gone at once: nobody must take the one for the other.
  fill(result, h("p", { class: "empty", role: "status" }, `Looking up ${recipient} …`));
  const shown = await found(recipient);
  if (turn !== asked) return false;
  fill(result, shown);
  result.setAttribute("aria-busy", "false");
  if (focus) byId("person")?.focus();
  return true;
}

/** After a reload, show whom the page had shown. */
export function restore() {
  const last = sessionStorage.getItem(LAST);
  if (last && asked === 0) lookUp(last, { focus: false });
}

/** Forget what is shown. */
export function clear() {
  asked += 1;
  clearTimeout(typing);
  byId("look-up-form").reset();
  fill(readAs);
  fill(result);
  result.setAttribute("aria-busy", "false");
}

async function found(recipient) {
  const ask = (name, path, body) => (may(name) ? post(path, body) : Promise.resolve(null));
  const [standing, history] = await Promise.allSettled([
    ask("suppression_status", "suppressions/status", { recipient }),
    ask("history", "suppressions/history", { recipient, limit: PAGE }),
    names.senders(),
  ]);
  const wrong = standing.reason ?? history.reason;
  if (wrong && wrong.status === 400) return failure(wrong);
  const number = standing.value?.recipient ?? history.value?.recipient ?? recipient;
  if (standing.value && recipient === field.value) fill(readAs, spelled(standing.value));
  return [
    h("div", { class: "on-paper" }, h("h1", {}, "Evidence"), h("p", { id: "printed" })),
    heading(number, standing.value?.lists),
    may("history") && evidenceActions(number, standing.value),
    h(
      "div",
      { class: "columns" },
      h("section", {}, h("h2", {}, "Lists"), ...lists(number, standing)),
      h("section", {}, h("h2", {}, "History"), h("div", { id: "history" }, timeline(number, history))),
    ),
  ];
}

function heading(number, known) {
  return h(
    "div",
    { class: "person-row" },
    h("h2", { id: "person", class: "person", tabindex: "-1" }, number),
    known && h("p", { class: "lead" }, summary(known)),
  );
}

function summary(known) {
  const out = known.filter((each) => each.suppressed || each.senders.some((one) => one.suppressed));
  if (out.length === 0) return "May be texted from every list.";
  const back = known.length - out.length;
  if (out.some((each) => each.scope === "everything")) {
    return back ? `Opted out of everything but ${back} of ${known.length} lists.` : "Opted out of everything.";
  }
  return `Opted out on ${out.length} of ${known.length} lists.`;
}

function lists(number, standing) {
  if (standing.reason) {
    return [
      failure(standing.reason, () => lookUp(number)),
      standing.reason.isDenied && checkForm(number),
    ];
  }
  if (standing.value === null) {
    return [
      closed("It does not open the lists of a person."),
      may("check_suppressions") && checkForm(number),
    ];
  }
  const known = standing.value.lists;
  const everything = known.some((each) => each.scope === "everything");
  return [
    h("ul", { class: "cards" }, ...known.map((each) => card(number, each, known))),
    changeButton({
      number,
      known,
      out: !everything,
      about: "everything",
      label: everything ? "Opt in to everything…" : "Opt out of everything…",
      done: (changed) => showChange(number, changed),
    }),
    !may("opt_out", "opt_in") && h("p", { class: "hint" }, "This key shows, and does not change."),
  ];
}

function card(number, list, known) {
  const out = list.suppressed || list.senders.some((each) => each.suppressed);
  const own = list.list.startsWith("sender:") ? list.senders[0] : null; // in no program
  const programs = own ? [] : programsOf(list);
  const title = own?.sender ?? (programs.join(", ") || list.list);
  return h(
    "li",
    { class: "card list-card" },
    state(h("h3", {}, title), own ?? list, listed(list, own, programs)),
    !own && h("ul", { class: "senders" }, ...list.senders.map(senderRow)),
    // A list that the program file no longer has cannot be changed by its name.
    list.senders.length > 0 &&
      changeButton({
        number,
        known,
        out: !out,
        about: own ? `sender ${own.sender}` : `list ${list.list}`,
        label: out ? "Opt in…" : "Opt out…",
        of: title === list.list || own ? title : `${title}, ${list.list}`,
        done: (changed) => showChange(number, changed),
      }),
  );
}

const programsOf = (list) => [
  ...new Set(list.senders.map((each) => each.program).filter(Boolean)),
];

function listed(list, own, programs) {
  if (own) return "In no program: a list of its own";
  if (list.senders.length === 0) return "No longer in the program file";
  return programs.length > 0 ? `List ${list.list}` : "Senders that no program names";
}

/** A sender on a list: as the list, unless the person opted out of the sender itself. */
function senderRow(sender) {
  if (sender.scope === "sender") return h("li", {}, state(sender.sender, sender));
  return h(
    "li",
    { class: "state" },
    h("p", {}, sender.sender),
    h("p", { class: "hint" }, "same as the list"),
  );
}

async function showChange(recipient, changed) {
  const remedies = [
    changed.remedy,
    ...(changed.still_blocked ?? []).map((block) => block.remedy),
  ].filter(Boolean);
  toast(outcome(changed));
  const isShown = await lookUp(recipient);
  if (isShown && remedies.length > 0) {
    byId("person").parentElement.append(
      h(
        "div",
        { class: "notice is-remedy" },
        h("strong", {}, "What stays blocked"),
        ...remedies.map((remedy) => h("p", {}, remedy)),
      ),
    );
  }
}

function timeline(number, history) {
  if (history.reason) return failure(history.reason, () => lookUp(number));
  if (history.value === null) return closed("It does not open the history of a person.");
  const list = h("ol", { class: "timeline" });
  const more = h("button", { type: "button" }, "Show older");
  let cursor = null;
  const show = (page) => {
    list.append(...page.items.map((item) => entry(item)));
    cursor = page.cursor;
    more.hidden = cursor === null;
  };
  more.addEventListener("click", async () => {
    try {
      show(await post("suppressions/history", { recipient: number, limit: PAGE, cursor }));
    } catch (problem) {
      more.replaceWith(failure(problem));
    }
  });
  show(history.value);
  if (history.value.items.length === 0)
    return h("p", { class: "empty" }, "Nothing has happened with this number.");
  return h("div", {}, list, more);
}

/** For a key that may only check: one sender at a time. */
function checkForm(number) {
  const sender = h("input", { id: "check-sender", autocomplete: "off", required: true });
  const answer = h("div", { role: "status" });
  const onsubmit = async (event) => {
    event.preventDefault();
    try {
      const checked = await post("suppressions/check", {
        sender: sender.value.trim(),
        recipients: [number],
      });
      const [one] = checked.results;
      fill(
        answer,
        one.error
          ? h("p", { class: "notice is-problem" }, one.error)
          : state(checked.sender, one, one.recipient),
      );
    } catch (problem) {
      fill(answer, failure(problem));
    }
  };
  return h(
    "form",
    { class: "card check", onsubmit },
    h("label", { for: "check-sender" }, "Check one sender"),
    h("div", { class: "field-row" }, sender, h("button", { class: "primary" }, "Check")),
    answer,
  );
}
