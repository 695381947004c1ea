// Reads the HTML that the server makes of a body.

import { DOMParser as Reader } from "prosemirror-model";
import { schema } from "./schema.js";

const reader = Reader.fromSchema(schema);

// Returns the document and, for each of its blocks, the source it was read from and what stood before it.
export function read(html) {
  const body = new DOMParser().parseFromString(html, "text/html").body;
  const [end, ...reversed] = [...body.children].reverse();
  const blocks = reversed.reverse().map((element) => ({
    node: block(element),
    source: element.dataset.source,
    gap: element.dataset.gap,
  }));
  const nodes = blocks.map(({ node }) => node);
  return { doc: schema.node("doc", null, nodes.length ? nodes : schema.node("paragraph")), blocks, tail: end.dataset.gap };
}

// Returns the document of HTML that comes without sources.
export const parsed = (html) => reader.parse(new DOMParser().parseFromString(html, "text/html").body);

function block(element) {
  const parent = document.createElement("div");
  parent.append(element);
  return reader.parse(parent, { preserveWhitespace: "full" }).firstChild;
}
