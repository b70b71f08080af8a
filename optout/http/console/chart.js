// Opt-outs, opt-ins and help by day: stacked bars as inline SVG, and the same as a table.

import { h, svg } from "./dom.js";

export const KINDS = [
  ["opted_out", "Opt-outs"],
  ["opted_in", "Opt-ins"],
  ["help", "Help"],
];
const HEIGHT = 200;
const MARGIN = { top: 12, right: 20, bottom: 24, left: 32 };
const LABEL_WIDTH = 64;
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });

/** A number for each kind: the sum over counts. */
export function totals(counts) {
  return Object.fromEntries(
    KINDS.map(([kind]) => [kind, counts.reduce((sum, each) => sum + each[kind], 0)]),
  );
}

/** Every day of the period with its totals, days on which nothing happened included. */
export function byDay({ from, to, counts }) {
  const days = [];
  const last = Date.parse(to.slice(0, 10));
  for (let day = Date.parse(from.slice(0, 10)); day <= last; day += 86_400_000) {
    const name = new Date(day).toISOString().slice(0, 10);
    days.push({ day: name, ...totals(counts.filter((each) => each.day === name)) });
  }
  return days;
}

/** The chart, as wide as there is room; `choose` gets a day that is pointed at. */
export function chart(days, width, choose) {
  const top = ceiling(Math.max(...days.map((day) => sum(day))));
  const inner = {
    width: width - MARGIN.left - MARGIN.right,
    height: HEIGHT - MARGIN.top - MARGIN.bottom,
  };
  const step = inner.width / days.length;
  const y = (value) => MARGIN.top + inner.height * (1 - value / top);
  const label = `Opt-outs, opt-ins and help by day, ${spoken(days[0].day)} to ${spoken(days.at(-1).day)}`;
  return svg(
    "svg",
    {
      class: "chart",
      viewBox: `0 0 ${width} ${HEIGHT}`,
      height: HEIGHT,
      role: "img",
      "aria-label": label,
    },
    ...[0, top / 2, top].map((value) => gridLine(value, y(value), width)),
    ...days.map((day, place) => bar(day, MARGIN.left + place * step, step, y, choose)),
    ...ticks(days.length, inner.width).map((place) =>
      svg(
        "text",
        {
          class: "tick",
          x: MARGIN.left + (place + 0.5) * step,
          y: HEIGHT - 6,
          "text-anchor": "middle",
        },
        spoken(days[place].day),
      ),
    ),
  );
}

/** The same as a table, for those who read rather than look. */
export function table(rows, first, name) {
  return h(
    "div",
    {
      class: "scroller",
      tabindex: "0",
      role: "group",
      "aria-label": first === "Day" ? "By day" : "By sender",
    },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, first),
          ...KINDS.map(([, label]) => h("th", { scope: "col" }, label)),
        ),
      ),
      h(
        "tbody",
        {},
        ...rows.map((row) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, name(row)),
            ...KINDS.map(([kind]) => h("td", {}, String(row[kind]))),
          ),
        ),
      ),
    ),
  );
}

export const spoken = (day) => DAY.format(new Date(day));

function bar(day, x, step, y, choose) {
  const width = Math.max(1, Math.min(28, step * 0.7));
  const left = x + (step - width) / 2;
  let base = 0;
  const parts = KINDS.map(([kind]) => {
    const [from, to] = [base, base + day[kind]];
    base = to;
    return (
      day[kind] > 0 &&
      svg("rect", {
        class: `bar-${kind}`,
        x: left,
        y: y(to),
        width,
        height: Math.max(1, y(from) - y(to) - 1),
        rx: 2,
      })
    );
  });
  const said = KINDS.map(([kind, label]) => `${label.toLowerCase()} ${day[kind]}`).join(", ");
  return svg(
    "g",
    { class: "day", onclick: () => choose(day.day) },
    svg("title", {}, `${spoken(day.day)}: ${said}`),
    svg("rect", { class: "hit", x, y: 0, width: step, height: HEIGHT - MARGIN.bottom }),
    ...parts,
  );
}

function gridLine(value, y, width) {
  return svg(
    "g",
    {},
    svg("line", { class: "grid", x1: MARGIN.left, x2: width, y1: y, y2: y }),
    svg("text", { class: "tick", x: MARGIN.left - 8, y: y + 4, "text-anchor": "end" }, String(value)),
  );
}

/** Which days have a label: as many as there is room for, the newest among them. */
function ticks(days, width) {
  const every = Math.max(1, Math.ceil((days * LABEL_WIDTH) / width));
  return Array.from({ length: days }, (_, place) => place).filter(
    (place) => (days - 1 - place) % every === 0,
  );
}

const sum = (day) => KINDS.reduce((all, [kind]) => all + day[kind], 0);

/** The end of the axis: twice a number that reads well, and not below the highest bar. */
function ceiling(highest) {
  const half = Math.max(1, highest / 2);
  const power = 10 ** Math.floor(Math.log10(half));
  const steps = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power);
  return 2 * steps.find((step) => step >= half && Number.isInteger(step));
}
