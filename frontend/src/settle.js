// Brings a document into the form in which its Markdown is read: the editor shows it so when it loses the focus.

import { withAddresses } from "./addresses.js";
import { clean } from "./characters.js";
import { braced } from "./escape.js";
import { IN_CELL, IN_HEADING, withMarks } from "./inline.js";
import { schema } from "./schema.js";
import { nodesOf, unitsOf } from "./units.js";

const { nodes: types, marks } = schema;
const LARGEST = 999_999_999;

export function settled(doc) {
  const blocks = settledBlocks(children(doc));
  return schema.node("doc", null, blocks.length ? blocks : [types.paragraph.create()]);
}

const children = (node) => Array.from({ length: node.childCount }, (_, at) => node.child(at));

function settledBlocks(blocks) {
  const out = [];
  for (const block of blocks.flatMap(settledBlock)) {
    const last = out.at(-1);
    out.push(last && joins(last, block) ? apart(block, last) : block);
  }
  return out;
}

// Two lists of the same sign would be read as one.
export const joins = (one, other) =>
  one.type === other.type &&
  ((one.type === types.bullet_list && one.attrs.bullet === other.attrs.bullet) ||
    (one.type === types.ordered_list && one.attrs.delimiter === other.attrs.delimiter));

export function apart(list, before) {
  if (list.type === types.ordered_list) return withAttrs(list, { delimiter: before.attrs.delimiter === "." ? ")" : "." });
  return withAttrs(list, { bullet: before.attrs.bullet === "-" ? "*" : "-" });
}

const withAttrs = (node, attrs) => node.type.create({ ...node.attrs, ...attrs }, node.content);

// Returns the blocks that a block becomes: none for an empty paragraph.
function settledBlock(block) {
  switch (block.type) {
    case types.paragraph:
      return paragraphs(block);
    case types.heading:
      return [types.heading.create(block.attrs, nodesOf(withMarks(lineOf(block), IN_HEADING), schema))];
    case types.blockquote:
      return [types.blockquote.create(null, filled(block))];
    case types.bullet_list:
      return [list(block)];
    case types.ordered_list:
      return isLone(block) ? lone(block) : [list(block)];
    case types.code_block:
      return [code(block)];
    case types.button:
      return [types.button.create({ href: address(block.attrs.href), label: oneLine(block.attrs.label) })];
    case types.table:
      return [table(block)];
    default:
      return [block];
  }
}

const oneLine = (text) => clean(text).trim().replace(/\s+/g, " ");
const address = (text) => clean(text).trim().replace(/\s(?![^{}]*\})/g, encodeURIComponent);

function filled(block) {
  const blocks = settledBlocks(children(block));
  return blocks.length ? blocks : [types.paragraph.create()];
}

function paragraphs(block) {
  const lines = split(withLines(withoutEscapes(unitsOf(block))), ({ sign }) => sign === "\n")
    .map(withoutEnd);
  return split(lines, ({ length }) => length === 0)
    .filter(({ length }) => length)
    .map((group) => {
      const units = group.flatMap((line, at) => (at ? [broken(group[at - 1], line), ...line] : line));
      return types.paragraph.create(null, nodesOf(withMarks(withAddresses(units, marks.link)), schema));
    });
}

// Returns the break between two lines; it has the marks that both sides have.
function broken(before, behind) {
  const [one, other] = [before.at(-1), behind[0]];
  return { sign: "\n", node: null, link: null, strong: one.strong && other.strong, em: one.em && other.em, code: false };
}

function split(items, isEdge) {
  const parts = [[]];
  for (const item of items) {
    if (isEdge(item)) parts.push([]);
    else parts.at(-1).push(item);
  }
  return parts;
}

// A blank that nobody sees. Others, such as a no-break space, were meant.
const isFiller = ({ sign, code }) => (sign === " " || sign === "\t") && !code;

function withoutEnd(units) {
  let end = units.length;
  while (end && isFiller(units[end - 1])) end -= 1;
  return units.slice(0, end);
}

function lineOf(block) {
  const units = withoutEnd(withLines(withoutEscapes(unitsOf(block))));
  const first = units.findIndex((unit) => !isFiller(unit));
  return withAddresses(first < 0 ? [] : units.slice(first), marks.link);
}

// In code a backslash before a brace cannot be told from one that escapes it, so it stands outside of the code.
const withoutEscapes = (units) =>
  units.map((unit, at) => {
    const next = units[at + 1];
    return unit.sign === "\\" && next?.code && (next.node || /[{}]/.test(next.sign)) ? { ...unit, code: false } : unit;
  });

// Addresses have no blanks; a title and what a picture shows are a line of text.
const withLines = (units) =>
  units.map((unit) => {
    const link = unit.link && unit.link.type.create(linesOf(unit.link.attrs, { href: address, title: oneLine }));
    if (unit.node?.type !== types.picture) return { ...unit, link };
    return { ...unit, link, node: types.picture.create(linesOf(unit.node.attrs, { src: address, alt: (words) => braced(oneLine(words)), title: oneLine })) };
  });

const linesOf = (attrs, changes) =>
  Object.fromEntries(Object.entries(attrs).map(([name, value]) => [name, changes[name] ? changes[name](value) : value]));

function code(block) {
  const nodes = children(block).map((node) => (node.isText ? schema.text(clean(node.text, "\n") || " ") : node));
  return types.code_block.create(block.attrs, nodes);
}

function table(block) {
  const rows = children(block).map(children);
  const head = rows[0].map((cell) => cell.attrs.align);
  return types.table.create(null, rows.map((row) => types.table_row.create(null, head.map((align, at) =>
    types.table_cell.create({ align }, row[at] ? nodesOf(withMarks(lineOf(row[at]), IN_CELL), schema) : null),
  ))));
}

// An item alone is one only as number 1 (C5); any other number is text.
const isLone = ({ childCount, attrs: { start } }) =>
  childCount === 1 && start !== 1 && Number.isInteger(start) && start >= 0 && start < LARGEST;

function lone({ attrs: { start, delimiter }, firstChild: item }) {
  const number = schema.text(`${start}${delimiter} `);
  const [first, ...rest] = children(item);
  const begins = first?.type === types.paragraph;
  const line = types.paragraph.create(null, begins ? [number, ...children(first)] : number);
  return settledBlocks([line, ...(begins || !first ? rest : [first, ...rest])]);
}

function list(block) {
  const items = children(block).map((item) => types.list_item.create(null, filled(item)));
  const tight = readsTight(items, block.attrs.tight);
  if (block.type === types.bullet_list) return types.bullet_list.create({ ...block.attrs, tight }, items);
  const { start } = block.attrs;
  const fits = items.length > 1 && Number.isInteger(start) && start >= 0 && start + items.length <= LARGEST;
  return types.ordered_list.create({ ...block.attrs, start: fits ? start : 1, tight }, items);
}

const isList = ({ type }) => type === types.bullet_list || type === types.ordered_list;

// Empty lines between items or their blocks are read from the paragraphs there, if there are any.
function readsTight(items, wanted) {
  if (items.length === 1 && items[0].childCount === 1) return true;
  if (!items.some((item) => children(item).some(({ type, childCount }) => type === types.paragraph && childCount))) return true;
  return wanted && items.every(isCompact);
}

// Whether an item can be written without empty lines: a paragraph, with lists behind it that may follow one.
function isCompact(item) {
  const [first, ...rest] = children(item);
  return first.type === types.paragraph && rest.every((one, at) => isList(one) && compact(one) && follows(one, at ? null : first));
}

function follows(one, before) {
  const first = one.firstChild.firstChild;
  if (first.type !== types.paragraph || !first.childCount) return false;
  return one.type === types.bullet_list || one.attrs.start === 1 || !before?.childCount;
}

// Whether a settled list is written without empty lines.
export const compact = (one) => one.attrs.tight && children(one).every(isCompact);
