// Making elements. Text is always a text node: nothing that somebody wrote can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, listeners (functions, by name: onclick) and children. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** The element with an id. */
export function byId(id) {
  return document.getElementById(id);
}

/** A list of children, in place of what an element held. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter(isShown));
  return element;
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (isShown(value)) element.setAttribute(name, value);
  }
  return fill(element, ...children);
}

function isShown(value) {
  return value !== null && value !== undefined && value !== false;
}
