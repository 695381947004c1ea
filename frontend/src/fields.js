// The merge fields of an event: their names in words, and where a text means one (`eventmail/content/tokens.py`).

import { Fragment, Slice } from "prosemirror-model";
import { schema } from "./schema.js";

const SCOPES = "calendar|event|guest|organizer|unsubscribe";
const WORD = "[\\p{L}\\p{N}_]";
const MEANT = new RegExp(
  `(?<!\\{)\\{+(?<head>[^{}|\\n]*)(?:\\|[^{}\\n]*)?\\}+` +
  `|(?<!\\{)\\{[ \\t]*(?:[\\p{L}_]${WORD}*\\.${WORD}[\\p{L}\\p{N}_.]*|(?:${SCOPES})(?!${WORD}))` +
  `|(?<![\\p{L}\\p{N}_.])(?:${SCOPES})\\.${WORD}{1,100}(?:\\|[^{}\\n]{0,100})?\\}`,
  "gu",
);
const NAME = new RegExp(`^(?:[A-Za-z]+\\.\\S(?:.*\\S)?|\\.?[\\p{L}_][\\p{L}\\p{N}_.\\- ]*|(?:${SCOPES})[^\\p{L}\\p{N}_].*)$`, "u");
const WHOLE = /^\{([^{}|\n]*)(?:\|([^{}\n]*))?\}$/;

export class Fields {
  // `labels`: the name of each field, such as guest.firstName -> its name in words.
  constructor(labels) {
    this.labels = labels;
    this.names = new Map(Object.keys(labels).map((name) => [formOf(name), name]));
  }

  // Returns {name, label, fallback} of a field as it is written; name is null when there is no such field.
  read(written) {
    const [, head = "", fallback = ""] = WHOLE.exec(written) ?? [];
    const name = this.labels[head.trim()] ? head.trim() : this.names.get(formOf(head.trim())) ?? null;
    return { name, label: name ? this.labels[name] : written, fallback: fallback.trim() };
  }

  write(name, fallback) {
    const words = fallback.replace(/[{}\s]+/g, " ").trim();
    return words ? `{${name}|${words}}` : `{${name}}`;
  }

  // Returns the names whose words or name have all of `words` in them.
  matching(words) {
    const wanted = words.toLowerCase().split(/\s+/);
    return Object.keys(this.labels).filter((name) => {
      const text = `${this.labels[name]} ${name}`.toLowerCase();
      return wanted.every((word) => text.includes(word));
    });
  }
}

const formOf = (name) => name.normalize("NFC").toLowerCase();

// Yields [from, to] of what is meant as a merge field in a text.
export function* meant(text) {
  for (const found of text.matchAll(MEANT)) {
    const { head } = found.groups;
    if (head === undefined || NAME.test(head.trim())) yield [found.index, found.index + found[0].length];
  }
}

// Returns a slice in which each text that is meant as a merge field is one.
export function withTokens(slice) {
  const inside = (fragment, parent) => {
    const nodes = [];
    fragment.forEach((node) => {
      if (!node.isText) nodes.push(node.copy(inside(node.content, node)));
      else if (parent?.type.spec.code) nodes.push(node);
      else nodes.push(...cut(node));
    });
    return Fragment.fromArray(nodes);
  };
  return new Slice(inside(slice.content, null), slice.openStart, slice.openEnd);
}

// Returns a slice of a line of text, with its merge fields.
export const saidAs = (text, marks) => withTokens(new Slice(Fragment.from(schema.text(text, marks)), 0, 0));

function cut(node) {
  const nodes = [];
  let end = 0;
  const text = (from, to) => { if (to > from) nodes.push(node.cut(from, to)); };
  for (const [from, to] of meant(node.text)) {
    text(end, from);
    nodes.push(schema.nodes.token.create({ written: node.text.slice(from, to) }, null, node.marks));
    end = to;
  }
  text(end, node.text.length);
  return nodes;
}
