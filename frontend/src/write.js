// Writes the blocks of a settled document as Markdown in our dialect (C5).

import { cell } from "./escape.js";
import { IN_CELL, IN_HEADING, markdownOf } from "./inline.js";
import { compact } from "./settle.js";
import { unitsOf } from "./units.js";

// Returns the Markdown of one block, without a line end.
export function written(node, { nested = false } = {}) {
  switch (node.type.name) {
    case "paragraph":
      return markdownOf(unitsOf(node));
    case "heading":
      return heading(node);
    case "blockquote":
      return prefixed(together(node), "> ", "> ");
    case "bullet_list":
      return items(node, () => `${node.attrs.bullet} `);
    case "ordered_list":
      return items(node, (at) => `${node.attrs.start + at}${node.attrs.delimiter} `);
    case "code_block":
      return code(node);
    case "divider":
      return nested ? "___" : "---"; // in a list, dashes could be read as an item
    case "button":
      return `::: button ${node.attrs.href}\n${node.attrs.label}\n:::`;
    case "calendar_links":
      return "::: calendar-links\n:::";
    case "table":
      return table(node);
    case "raw":
      return node.attrs.source;
    default:
      throw new RangeError(`${node.type.name} is no block`);
  }
}

function heading(node) {
  const text = markdownOf(unitsOf(node), IN_HEADING).replace(/(^|[ \t])(#+)$/, "$1\\$2");
  return `${"#".repeat(node.attrs.level)} ${text}`.trimEnd();
}

function together(node, { tight = false } = {}) {
  const blocks = [];
  node.forEach((block) => blocks.push(written(block, { nested: true })));
  return blocks.join(tight ? "\n" : "\n\n");
}

function items(list, marker) {
  const tight = compact(list);
  const out = [];
  list.forEach((item, _offset, at) => {
    const sign = marker(at);
    const text = together(item, { tight });
    const beginsWithList = item.firstChild.type.name.endsWith("_list");
    const indent = beginsWithList ? " ".repeat(sign.length) : sign;
    const inner = prefixed(text, indent, " ".repeat(sign.length));
    out.push(beginsWithList ? `${sign.trimEnd()}\n${inner}` : inner.trimEnd());
  });
  return out.join(tight ? "\n" : "\n\n");
}

// Returns the lines behind `first`, then `rest`; empty lines get no blanks at their end.
function prefixed(text, first, rest) {
  return text.split("\n").map((line, at) => (line ? (at ? rest : first) + line : (at ? rest : first).trimEnd())).join("\n");
}

function code(node) {
  let text = "";
  node.forEach((child) => { text += child.isText ? child.text.replace(/[{}]/g, "\\$&") : child.attrs.written; });
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${node.attrs.language}\n${text ? `${text}\n` : ""}${fence}`;
}

const RULES = { left: ":---", center: ":---:", right: "---:" };

function table(node) {
  const rows = [];
  node.forEach((row) => {
    const cells = [];
    row.forEach((each) => cells.push(` ${markdownOf(unitsOf(each), IN_CELL)} `));
    rows.push(`|${cells.join("|")}|`);
  });
  const rule = [];
  node.firstChild.forEach(({ attrs }) => rule.push(` ${RULES[attrs.align] ?? "---"} `));
  return [rows[0], `|${rule.join("|")}|`, ...rows.slice(1)].join("\n");
}
