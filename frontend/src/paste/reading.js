// Walks over the page of a clipboard, element by element, without a call inside a call: it may be nested however deep.

import { linkAddress } from "./addresses.js";
import { Blocks, linesOf } from "./blocks.js";
import { ownBlock, ownSource, picture, token } from "./own.js";
import { isPicture, showsBackground } from "./pictures.js";
import { boldness, hasMargins, isCrossed, isHidden, slant } from "./styles.js";
import { grid, isNarrow } from "./tables.js";
import { headingLevel, isComment, wordItem } from "./word.js";

const set = (names) => new Set(names.split(" "));
const DROPPED = set(
  "script style noscript template title head meta link base nav svg math iframe frame frameset noframes object embed applet audio " +
    "video canvas map xml img picture dialog input select textarea button option optgroup datalist meter progress output",
);
const BLOCKS = set(
  "address article aside center dd details dl dt fieldset figcaption figure footer form header hgroup legend main p section summary " +
    "caption tr td th pre li ul ol menu dir table blockquote div h1 h2 h3 h4 h5 h6",
);
const LISTS = set("ul ol menu dir");
const STRONG = set("b strong");
const EM = set("i em cite dfn var");
const CODE = set("code tt kbd samp");
const OF_LINES = /^(?:\s*(?:elementToProof|gmail_default|ContentPasted\d*))*\s*$/; // mail programs make a `div` of each line
const PLAIN = { strong: false, em: false, code: false, link: null, lists: 0, list: null, inCode: false, inNarrow: false };

export class Reading {
  constructor(styles) {
    this.styles = styles;
    this.blocks = new Blocks();
    this.left = { pictures: 0, crossed: 0, links: 0 }; // what was left out
  }

  // `marks` are those of what stands around.
  read(root, marks = PLAIN) {
    const open = [{ next: root.firstChild, marks }];
    while (open.length) {
      const last = open.at(-1);
      const { next: node } = last;
      if (!node) {
        open.pop();
        last.leave?.();
        continue;
      }
      last.next = node.nextSibling;
      if (node.nodeType === Node.TEXT_NODE) this.blocks.text(node.data, last.marks);
      const entered = node.nodeType === Node.ELEMENT_NODE ? this.enter(node, last.marks) : null;
      if (entered) open.push({ next: node.firstChild, ...entered });
    }
  }

  // Returns the marks of what stands inside an element and what is to be done behind it; null when its inside is not read.
  enter(element, outer) {
    const name = element.localName;
    const style = this.styles.of(element);
    if (isHidden(style) || element.hidden || isComment(element, style)) return null;
    this.left.pictures += isPicture(element, this.styles) + showsBackground(element, style);
    if (DROPPED.has(name)) return null;
    if (isCrossed(element, style)) return this.withoutCrossed(element);
    const marks = this.marks(element, style, outer);
    if (element.hasAttribute("data-token") && this.token(element, marks)) return null;
    if (element.hasAttribute("data-picture")) this.picture(element, marks);
    if (name === "br") this.blocks.lineBreak();
    if (marks.inCode) return BLOCKS.has(name) ? this.line(marks) : { marks };
    if (LISTS.has(name)) return this.list(element, marks);
    switch (name) {
      case "hr":
        return this.block({ tag: "hr" });
      case "pre":
        return this.code(element, marks);
      case "li":
        return this.item(element, marks);
      case "table":
        return this.table(element, marks);
      case "blockquote":
        return this.quote(marks);
      default:
        return this.text(element, style, marks);
    }
  }

  marks(element, style, outer) {
    const name = element.localName;
    const isWrapper = name === "b" && element.id.startsWith("docs-internal-guid"); // Google Docs
    const strong = boldness(style) ?? ((STRONG.has(name) && !isWrapper) || outer.strong);
    const em = slant(style) ?? (EM.has(name) || outer.em);
    const code = CODE.has(name) || outer.code;
    const link = name === "a" ? this.link(element) ?? outer.link : outer.link;
    const isSame = strong === outer.strong && em === outer.em && code === outer.code && link === outer.link;
    return isSame ? outer : { ...outer, strong, em, code, link };
  }

  token(element, marks) {
    const written = token(element);
    if (written !== null) this.blocks.atom({ token: written }, marks);
    return written !== null;
  }

  picture(element, marks) {
    const shown = picture(element);
    if (shown) this.blocks.atom(shown, marks);
    else this.left.pictures += 1;
  }

  link(element) {
    const found = linkOf(element);
    const leads = element.getAttribute("href") ?? "";
    if (!found && /^[^#]/.test(leads) && element.textContent.trim()) this.left.links += 1;
    return found;
  }

  withoutCrossed(element) {
    if (element.textContent.trim()) this.left.crossed += 1;
    return null;
  }

  block(block) {
    this.blocks.flush();
    this.blocks.add(block);
    return null;
  }

  line(marks) {
    this.blocks.newLine();
    return { marks, leave: () => this.blocks.newLine() };
  }

  paragraph(marks) {
    this.blocks.flush();
    return { marks, leave: () => this.blocks.flush() };
  }

  // An element that may be a heading, an item of a list in Word, a paragraph, a line or a part of one.
  text(element, style, marks) {
    const name = element.localName;
    const level = headingLevel(element);
    const item = BLOCKS.has(name) && !marks.lists ? wordItem(element, this.styles, level) : null;
    if (level) return this.heading(level, marks);
    if (item) {
      this.blocks.item(item);
      return { marks, leave: () => this.blocks.endList(1) };
    }
    const own = ownBlock(element);
    if (own) this.block(own);
    if (!BLOCKS.has(name)) return style.get("display") === "block" ? this.line(marks) : { marks };
    return isLine(element, style, marks) ? this.line(marks) : this.paragraph(marks);
  }

  heading(level, marks) {
    this.blocks.flush();
    const before = this.blocks.heading;
    this.blocks.heading = level;
    const leave = () => {
      this.blocks.flush();
      this.blocks.heading = before;
    };
    return { marks: { ...marks, strong: false }, leave };
  }

  code(element, marks) {
    const source = ownSource(element);
    this.blocks.beginCode(element.dataset.language);
    if (source) this.blocks.text(`${source}\n`, marks);
    return { marks: { ...marks, inCode: true }, leave: () => this.blocks.endCode() };
  }

  list(element, marks) {
    this.blocks.flush();
    const level = marks.lists + 1;
    return { marks: { ...marks, lists: level, list: listOf(element) }, leave: () => this.blocks.endList(level) };
  }

  // Google Docs and Word on the web say the level of an item, and may begin a list for each.
  item(element, marks) {
    const level = Number(element.getAttribute("aria-level") ?? element.dataset.ariaLevel) || 0;
    const list = marks.list ?? listOf(element.parentNode);
    const key = level ? `${element.dataset.listid ?? ""} ${list.ordered}` : list.key;
    this.blocks.item({ ...list, key, level: Math.max(1, level, marks.lists) });
    return { marks, leave: () => (marks.lists ? this.blocks.flush() : this.blocks.endList(1)) };
  }

  quote(marks) {
    if (!this.blocks.quote()) return this.paragraph(marks);
    return { marks: { ...marks, lists: 0, list: null }, leave: () => this.blocks.endQuote() };
  }

  table(element, marks) {
    const readings = [];
    const read = (cell) => {
      const reading = new Reading(this.styles);
      readings.push(reading);
      const row = this.marks(cell.parentNode, this.styles.of(cell.parentNode), marks);
      reading.read(cell, this.marks(cell, this.styles.of(cell), { ...row, lists: 0, list: null }));
      return linesOf(reading.blocks.finished());
    };
    const caption = element.caption && read(element.caption);
    const table = grid(element, read, this.styles);
    if (!table) return this.paragraph({ ...marks, inNarrow: isNarrow(element) });
    for (const { left } of readings) for (const kind of Object.keys(left)) this.left[kind] += left[kind];
    if (caption?.length) this.block({ tag: "p", lines: caption });
    return this.block(table);
  }
}

// Whether an element stands below the one before it without room between them.
function isLine({ localName, className }, style, { inNarrow }) {
  if (localName === "div") return OF_LINES.test(className) && !hasMargins(style);
  return localName === "tr" || (inNarrow && /^t[dh]$/.test(localName));
}

function linkOf(element) {
  const href = linkAddress(element.getAttribute("data-href") ?? element.getAttribute("href") ?? "");
  return href === null ? null : { href, title: element.dataset.title ?? "" };
}

function listOf(element) {
  const { bullet, delimiter, start } = element.dataset;
  const first = Number(start ?? element.getAttribute("start") ?? 1);
  return {
    key: element,
    ordered: element.localName === "ol",
    bullet: /^[-*+]$/.test(bullet) ? bullet : "-",
    start: Number.isInteger(first) && first >= 0 && first < 1e9 ? first : 1,
    delimiter: delimiter === ")" ? ")" : ".",
    loose: (bullet !== undefined || delimiter !== undefined) && !("tight" in element.dataset),
  };
}
