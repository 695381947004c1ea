// The content of a paragraph as a list of units: single characters, and nodes such as merge fields, each with its marks.

import { clean } from "./characters.js";

// A unit has `sign` (a character; "\n" for a break; "" for a node), `node` (or null), `link` (a mark or null), `strong`,
// `em` and `code`.
export function unitsOf(block) {
  const units = [];
  block.forEach((node) => {
    const marks = {
      link: node.marks.find(({ type }) => type.name === "link") ?? null,
      strong: node.marks.some(({ type }) => type.name === "strong"),
      em: node.marks.some(({ type }) => type.name === "em"),
      code: node.marks.some(({ type }) => type.name === "code"),
    };
    if (node.isText) for (const sign of clean(node.text)) units.push({ sign, node: null, ...marks });
    else if (node.type.name === "line_break") units.push({ sign: "\n", node: null, ...marks, link: null, code: false });
    else units.push({ sign: "", node, ...marks, code: marks.code && node.type.name === "token" });
  });
  return units;
}

export const sameLink = (one, other) => (one === null ? other === null : other !== null && one.eq(other));

export const sameMarks = (one, other) =>
  one.strong === other.strong && one.em === other.em && one.code === other.code && sameLink(one.link, other.link);

// Returns the nodes of units, with what is alike joined.
export function nodesOf(units, schema) {
  const nodes = [];
  for (const unit of units) {
    const marks = ["link", "strong", "em", "code"].flatMap((name) =>
      unit[name] ? [name === "link" ? unit.link : schema.mark(name)] : [],
    );
    if (unit.node) nodes.push(unit.node.mark(marks));
    else if (unit.sign === "\n") nodes.push(schema.node("line_break", null, null, marks));
    else nodes.push(schema.text(unit.sign, marks));
  }
  return nodes;
}

// Yields [from, to] of the longest runs of units that `holds` and that are `alike` their neighbours.
export function* runs(units, holds, alike = () => true) {
  let from = 0;
  while (from < units.length) {
    let to = from + 1;
    if (holds(units[from])) {
      while (to < units.length && holds(units[to]) && alike(units[to - 1], units[to])) to += 1;
      yield [from, to];
    }
    from = to;
  }
}
