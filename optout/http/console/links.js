// Addresses in a text, as links. Only for our own texts: nobody else's words lead anywhere.

import { h } from "./dom.js";

const ADDRESS = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)]/gu;

/** A text as the nodes of which it is made. */
export function withLinks(text) {
  const nodes = [];
  let end = 0;
  for (const { 0: href, index } of text.matchAll(ADDRESS)) {
    nodes.push(
      text.slice(end, index),
      h("a", { href, target: "_blank", rel: "noopener noreferrer" }, href),
    );
    end = index + href.length;
  }
  return [...nodes, text.slice(end)].filter((node) => node !== "");
}
