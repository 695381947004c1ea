// Collects what a paste says: lines of text become paragraphs, and paragraphs stand in lists and quotes.
//
// A block has `tag` and, by its tag, `lines` (of a paragraph), `units` (of a heading), `children` (of a list, an item or a
// quote) or what a table, code, a button has. A unit is a text or an atom such as a merge field, with its marks.

import { clean } from "../characters.js";
import { languageOf } from "./own.js";

const DEEPEST = 9; // lists and quotes in each other; what is deeper stands in the ninth
const BLANKS = /[\t-\r \u00a0]+/g;

export class Blocks {
  constructor() {
    this.root = { tag: "root", children: [] };
    this.hosts = [{ node: this.root, depth: 0, open: [], inItem: false }]; // quotes that are open; `open`: the lists in it
    this.heading = 0; // level
    this.language = null; // of the code that is being read
    this.clear();
  }

  clear() {
    this.lines = [[]];
    this.isSaid = false; // whether the line says anything yet
  }

  text(text, marks) {
    if (this.language !== null) return this.verbatim(text);
    const line = clean(text).replace(BLANKS, " ");
    if (!line) return;
    this.lines.at(-1).push({ text: line, marks });
    this.isSaid ||= line !== " ";
  }

  // Adds a merge field or a picture.
  atom(atom, marks) {
    if (this.language !== null && !atom.token) return;
    this.lines.at(-1).push({ atom, marks: this.language === null ? marks : {} });
    this.isSaid = true;
  }

  verbatim(text) {
    const written = clean(text, "\n");
    this.lines.at(-1).push({ text: written, marks: {} });
    this.isSaid = written !== "" && !written.endsWith("\n");
  }

  lineBreak() {
    this.lines.push([]);
    this.isSaid = false;
  }

  // Begins a new line unless one has just begun.
  newLine() {
    if (this.isSaid) this.lineBreak();
  }

  // Ends a paragraph. An empty line ends one, too.
  flush() {
    const lines = this.lines.map(tidied);
    this.clear();
    let group = [];
    const end = () => {
      if (!group.length) return;
      if (this.heading) this.add({ tag: `h${this.heading}`, units: joined(group) });
      else this.add({ tag: "p", lines: group });
      group = [];
    };
    for (const line of lines) {
      if (line.length) group.push(line);
      else if (!this.heading) end();
    }
    end();
  }

  beginCode(language) {
    this.flush();
    this.language = languageOf(language);
  }

  endCode() {
    const code = this.lines.flatMap((line, at) => (at ? [{ text: "\n", marks: {} }, ...line] : line));
    const { language } = this;
    this.language = null;
    this.clear();
    const last = code.at(-1);
    if (last?.text) last.text = last.text.replace(/\n$/, "");
    if (code.some(({ text, atom }) => atom || text.trim())) this.add({ tag: "pre", language, code });
  }

  add(block) {
    const host = this.hosts.at(-1);
    if (!host.inItem) host.open = [];
    inside(host).children.push(block);
  }

  // Begins an item of a list. `level` counts from 1; items of one level and `key` make one list.
  item({ level, key, ordered, ...attrs }) {
    this.flush();
    const host = this.hosts.at(-1);
    const { open } = host;
    while (open.length && open.at(-1).level > level) {
      const last = open.at(-1);
      if ((open.at(-2)?.level ?? 0) < level && last.ordered === ordered) Object.assign(last, { level, key });
      else open.pop();
    }
    if (open.at(-1)?.level === level && open.at(-1).key !== key) open.pop();
    if ((open.at(-1)?.level ?? 0) < level && (!open.length || host.depth + open.length < DEEPEST)) {
      const list = { tag: ordered ? "ol" : "ul", children: [], ...attrs };
      (open.at(-1)?.list.children.at(-1) ?? host.node).children.push(list);
      open.push({ level, key, ordered, list });
    }
    open.at(-1).list.children.push({ tag: "li", children: [] });
    host.inItem = true;
  }

  // Ends the list of a level; what follows stands in the item around it.
  endList(level) {
    this.flush();
    const host = this.hosts.at(-1);
    if (level > 1) while (host.open.length && host.open.at(-1).level >= level) host.open.pop();
    host.inItem = level > 1 && host.open.length > 0;
  }

  // Begins a quote; false when it would be too deep.
  quote() {
    this.flush();
    const host = this.hosts.at(-1);
    const depth = host.depth + host.open.length + 1;
    if (depth > DEEPEST) return false;
    const node = { tag: "blockquote", children: [] };
    this.add(node);
    this.hosts.push({ node, depth, open: [], inItem: false });
    return true;
  }

  endQuote() {
    this.flush();
    this.hosts.pop();
  }

  // Returns the blocks that say something.
  finished() {
    this.flush();
    return filled(this.root.children);
  }
}

const inside = ({ node, open, inItem }) => (inItem ? open.at(-1).list.children.at(-1) : node);

const filled = (blocks) =>
  blocks.map((block) => (block.children ? { ...block, children: filled(block.children) } : block))
    .filter(({ children }) => !children || children.length);

// Returns the units of a line with no blank at its ends, and one between words.
function tidied(line) {
  const out = [];
  let behindBlank = true;
  for (const unit of line) {
    const text = unit.atom ? "" : behindBlank ? unit.text.trimStart() : unit.text;
    if (!unit.atom && !text) continue;
    out.push(unit.atom ? unit : { ...unit, text });
    behindBlank = text.endsWith(" ");
  }
  const last = out.at(-1);
  if (!behindBlank || !last) return out;
  last.text = last.text.trimEnd();
  return last.text ? out : out.slice(0, -1);
}

// Returns lines as one.
export const joined = (lines) => lines.flatMap((line, at) => (at ? [{ text: " ", marks: {} }, ...line] : line));

// Returns what blocks say as lines, for a place where no block can stand.
export const linesOf = (blocks) =>
  blocks.flatMap(({ lines, units, children, code, label }) =>
    lines ?? (units ? [units] : children ? linesOf(children) : code ? [lineOf(code)] : label ? [[{ text: label, marks: {} }]] : []));

const lineOf = (code) => code.map((unit) => (unit.atom ? unit : { ...unit, text: unit.text.replace(BLANKS, " ") }));

// Returns units without bold when all of them are: a heading is bold anyway.
export function lighter(units) {
  if (!units.every(({ text, marks }) => marks.strong || text === " ")) return units;
  return units.map((unit) => ({ ...unit, marks: { ...unit.marks, strong: false } }));
}
