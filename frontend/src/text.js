// A document and the text it was read from: what nobody edited is written back byte for byte.

import { read } from "./read.js";
import { apart, joins, settled } from "./settle.js";
import { written } from "./write.js";

export class Text {
  // `html` is what the server made of the text.
  constructor(html) {
    const { doc, blocks, tail } = read(html);
    this.doc = doc;
    this.blocks = blocks;
    this.tail = tail;
    this.numbers = new WeakMap(blocks.map(({ node }, at) => [node, at])); // of the block as it was read, null for a new one
    this.alike = new Map(); // what a block says -> the numbers of the blocks that say it
    blocks.forEach(({ node }, at) => this.alike.set(keyOf(node), [...(this.alike.get(keyOf(node)) ?? []), at]));
    this.fresh = new WeakMap(); // a new block -> its Markdown
  }

  // Returns the Markdown of a document that was made from this one.
  markdown(doc) {
    const parts = [];
    doc.forEach((node) => {
      const at = this.numberOf(node);
      if (at !== null || this.anew(node)) parts.push({ node, at });
    });
    let out = "";
    let last = null;
    // An indented source would fall into a list before it, so it is written anew there.
    parts.forEach((part, index) => {
      const before = parts[index - 1];
      const behind = parts[index + 1];
      const follows = before ? adjacent(before, part) : part.at === 0;
      const leads = !behind || adjacent(part, behind);
      const node = !follows && last && joins(last, part.node) ? apart(part.node, last) : part.node;
      out += before ? this.gap(before, part) : follows ? this.blocks[0].gap : "";
      const source = node === part.node && part.at !== null ? this.blocks[part.at].source : null;
      const fits = source !== null && (follows || !last?.type.name.endsWith("_list") || !/^[ \t]/.test(source)) && (leads || !isOpen(source));
      out += fits ? source : this.anew(node);
      last = node;
    });
    const end = parts.at(-1);
    const endsAsRead = end ? end.at === null || end.at === this.blocks.length - 1 : !this.blocks.length;
    return endsAsRead ? out + this.tail : out;
  }

  // Returns the number of the block that a node was read from. A block that an undo brought back is it, too.
  numberOf(node) {
    if (!this.numbers.has(node)) {
      const number = (this.alike.get(keyOf(node)) ?? []).find((at) => this.blocks[at].node.eq(node));
      this.numbers.set(node, number ?? null);
    }
    return this.numbers.get(node);
  }

  anew(node) {
    if (!this.fresh.has(node)) {
      const parts = [];
      settled(node.type.schema.node("doc", null, [node])).forEach((block) => parts.push(written(block)));
      this.fresh.set(node, parts.join("\n\n"));
    }
    return this.fresh.get(node);
  }

  gap(before, behind) {
    if (adjacent(before, behind)) return this.blocks[behind.at].gap;
    const gap = this.blocks[before.at === null ? behind.at : before.at + 1]?.gap ?? "";
    return /^\n\s*\n$/.test(gap) ? gap : "\n\n";
  }
}

// Whether a source is code whose fence is not closed, which would take in what follows.
function isOpen(source) {
  const lines = source.split("\n");
  const [, fence] = /^ {0,3}(`{3,}|~{3,})/.exec(source) ?? [];
  return Boolean(fence) && (lines.length === 1 || !new RegExp(`^ {0,3}${fence}${fence[0]}*\\s*$`).test(lines.at(-1)));
}

const adjacent = (one, other) => one.at !== null && other.at === one.at + 1;
const keyOf = (node) => `${node.type.name} ${node.textContent}`;
