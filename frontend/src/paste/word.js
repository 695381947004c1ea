// Knows what Word writes: paragraphs that are items of a list by their style only, with the number or bullet as text.

import { points } from "./styles.js";

const NUMBER = /^\(?(?:\d+(?:\.\d+)*[.)]?|[a-z]{1,7}[.)])$/i;
const LITERAL = /^\s*([·•§▪◦‣o\uf0b7–-]|\(?(?:\d{1,3}|[a-z]{1,2})[.)])(?=\s*\u00a0)\s{2,}/i;
const INDENT = 36; // points of a level

export const isComment = (element, style) =>
  /^comment/.test(style.get("mso-element")) || /\bMsoCommentReference\b|\bmsocom/.test(element.getAttribute("class"));

// Returns the level of a heading, 0 for everything else.
export function headingLevel(element) {
  const found = /^h([1-6])$/.exec(element.localName) ?? (element.localName === "p" ? /\bMsoHeading([1-6])\b/.exec(element.className) : null);
  if (found) return Number(found[1]);
  if (element.localName === "p" && /\bMso(?:Sub)?[Tt]itle/.test(element.className)) return element.className.includes("Sub") ? 2 : 1;
  const level = element.getAttribute("role") === "heading" ? Number(element.getAttribute("aria-level") ?? 2) : 0;
  return Number.isInteger(level) && level > 0 ? Math.min(level, 6) : 0;
}

// Returns the item of a list that a paragraph is, and takes its number or bullet out of it; null for other paragraphs.
// A number in front of a heading is a part of its text.
export function wordItem(element, styles, isHeading) {
  const style = styles.of(element);
  const [, list, level, rest] = /^(l\d+)\s+level(\d+)(.*)$/.exec(style.get("mso-list")) ?? [];
  const signs = list ? signsOf(element, styles) : [];
  if (signs.length) {
    const sign = signs.map(({ textContent }) => textContent).join("").trim();
    if (!isHeading || !NUMBER.test(sign)) for (const each of signs) each.remove();
    return isHeading ? null : item(sign, Number(level), `${list}${rest}`);
  }
  if (isHeading || !(list || isListParagraph(element, style))) return null;
  const [written, sign] = LITERAL.exec(element.textContent) ?? [];
  if (!list && !sign) return null;
  if (sign) cut(element, written.length);
  return item(sign ?? "", Number(level) || Math.max(1, Math.round(points(style.get("margin-left")) / INDENT)), `${list}${rest}`);
}

// Gmail and Safari keep the class of such a paragraph, but not what says its list.
const isListParagraph = (element, style) => /MsoListParagraph/.test(element.className) && !style.has("mso-list");

const signsOf = (element, styles) =>
  [...element.querySelectorAll("span")].filter((each) => styles.of(each).get("mso-list") === "ignore");

function item(sign, level, key) {
  const ordered = NUMBER.test(sign);
  const start = Number(/(\d+)\D*$/.exec(sign)?.[1] ?? 1);
  return { level, key: `${key} ${ordered}`, ordered, bullet: "-", start, delimiter: sign.endsWith(")") ? ")" : ".", loose: false };
}

// Takes the first characters out of an element.
function cut(element, count) {
  const texts = element.ownerDocument.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let left = count; left && texts.nextNode(); ) {
    const { length } = texts.currentNode;
    texts.currentNode.deleteData(0, left);
    left = Math.max(0, left - length);
  }
}
