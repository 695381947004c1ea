// What a body can hold. `eventmail/content/editor_html.py` writes the HTML that the rules of `parseDOM` read; a paste is
// brought into that form first. No element has `href` or `src`, so nothing in the editor leads anywhere or loads anything.

import { Schema } from "prosemirror-model";

const data = (...names) => (dom) => Object.fromEntries(names.map((name) => [name, dom.dataset[name] ?? ""]));
const shown = (attrs) => Object.fromEntries(Object.entries(attrs).map(([name, value]) => [`data-${name}`, value]));
const tight = (dom) => "tight" in dom.dataset;
const marked = (attrs) => (attrs.tight ? { "data-tight": "" } : {});

const text = { default: "" };
const atom = { atom: true, selectable: true, draggable: false }; // Android sends no events for draggable nodes

const nodes = {
  doc: { content: "(block | raw)+" },
  paragraph: {
    group: "block",
    content: "(inline | line_break)*",
    parseDOM: [{ tag: "p" }],
    toDOM: () => ["p", 0],
  },
  heading: {
    group: "block",
    content: "inline*",
    defining: true,
    attrs: { level: { default: 2 } },
    parseDOM: [1, 2, 3, 4, 5, 6].map((level) => ({ tag: `h${level}`, attrs: { level } })),
    toDOM: ({ attrs }) => [`h${attrs.level}`, 0],
  },
  blockquote: {
    group: "block",
    content: "block+",
    defining: true,
    parseDOM: [{ tag: "blockquote" }],
    toDOM: () => ["blockquote", 0],
  },
  bullet_list: {
    group: "block",
    content: "list_item+",
    attrs: { bullet: { default: "-" }, tight: { default: true } },
    parseDOM: [{ tag: "ul", getAttrs: (dom) => ({ bullet: dom.dataset.bullet || "-", tight: tight(dom) }) }],
    toDOM: ({ attrs }) => ["ul", { "data-bullet": attrs.bullet, ...marked(attrs) }, 0],
  },
  ordered_list: {
    group: "block",
    content: "list_item+",
    attrs: { start: { default: 1 }, delimiter: { default: "." }, tight: { default: true } },
    parseDOM: [{
      tag: "ol",
      getAttrs: (dom) => ({ start: Number(dom.dataset.start || 1), delimiter: dom.dataset.delimiter || ".", tight: tight(dom) }),
    }],
    toDOM: ({ attrs }) => ["ol", { start: attrs.start, "data-start": attrs.start, "data-delimiter": attrs.delimiter, ...marked(attrs) }, 0],
  },
  list_item: { content: "block+", defining: true, parseDOM: [{ tag: "li" }], toDOM: () => ["li", 0] },
  raw: {
    ...atom,
    attrs: { source: text },
    parseDOM: [{ tag: "pre[data-raw]", getAttrs: data("source"), priority: 60 }],
    toDOM: ({ attrs }) => ["pre", { "data-raw": "", ...shown(attrs) }],
  },
  code_block: {
    group: "block",
    content: "(text | token)*",
    marks: "",
    code: true,
    defining: true,
    attrs: { language: text },
    parseDOM: [{ tag: "pre", preserveWhitespace: "full", getAttrs: data("language") }],
    toDOM: ({ attrs }) => ["pre", shown(attrs), ["code", 0]],
  },
  divider: { ...atom, group: "block", parseDOM: [{ tag: "hr" }], toDOM: () => ["hr"] },
  button: {
    ...atom,
    group: "block",
    attrs: { href: text, label: text },
    parseDOM: [{ tag: "div[data-kind=button]", getAttrs: data("href", "label") }],
    toDOM: ({ attrs }) => ["div", { "data-kind": "button", ...shown(attrs) }],
  },
  calendar_links: {
    ...atom,
    group: "block",
    parseDOM: [{ tag: "div[data-kind=calendar-links]" }],
    toDOM: () => ["div", { "data-kind": "calendar-links" }],
  },
  table: {
    ...atom,
    group: "block",
    content: "table_row+",
    isolating: true,
    parseDOM: [{ tag: "table" }],
    toDOM: () => ["table", ["tbody", 0]],
  },
  table_row: { content: "table_cell+", parseDOM: [{ tag: "tr" }], toDOM: () => ["tr", 0] },
  table_cell: {
    content: "inline*",
    isolating: true,
    attrs: { align: text },
    parseDOM: [{ tag: "td", getAttrs: data("align") }],
    toDOM: ({ attrs }) => ["td", shown(attrs), 0],
  },
  text: { group: "inline" },
  line_break: { inline: true, selectable: false, linebreakReplacement: true, parseDOM: [{ tag: "br" }], toDOM: () => ["br"] },
  token: {
    ...atom,
    inline: true,
    group: "inline",
    attrs: { written: {} },
    parseDOM: [{ tag: "span[data-token]", getAttrs: (dom) => ({ written: dom.dataset.token }) }],
    toDOM: ({ attrs }) => ["span", { "data-token": attrs.written }, attrs.written],
    leafText: (node) => node.attrs.written,
  },
  picture: {
    ...atom,
    inline: true,
    group: "inline",
    attrs: { src: text, alt: text, title: text },
    parseDOM: [{ tag: "span[data-picture]", getAttrs: data("src", "alt", "title") }],
    toDOM: ({ attrs }) => ["span", { "data-picture": "", ...shown(attrs) }],
    leafText: (node) => node.attrs.alt,
  },
};

const marks = {
  link: {
    attrs: { href: {}, title: text, bare: { default: false } }, // bare: its text is the address
    inclusive: false,
    parseDOM: [{
      tag: "a[data-href]",
      getAttrs: ({ dataset }) => ({ href: dataset.href, title: dataset.title ?? "", bare: "bare" in dataset }),
    }],
    toDOM: ({ attrs: { href, title, bare } }) => ["a", { "data-href": href, "data-title": title, ...(bare ? { "data-bare": "" } : {}) }, 0],
  },
  strong: { parseDOM: [{ tag: "strong" }], toDOM: () => ["strong", 0] },
  em: { parseDOM: [{ tag: "em" }], toDOM: () => ["em", 0] },
  code: { code: true, inclusive: false, parseDOM: [{ tag: "code" }], toDOM: () => ["code", 0] },
};

export const schema = new Schema({ nodes, marks });
