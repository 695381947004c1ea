// Reads styles as text: the policy of our pages empties `element.style`, even in a document that is not shown.

import { SHEET } from "./preparing.js";

const OF_CLASSES = new Set(["font", "font-weight", "font-style", "text-align", "display", "visibility", "mso-hide"]);
const NONE = new Map();

export class Styles {
  // `attribute` is the name that styles have in this page.
  constructor(page, attribute) {
    this.attribute = attribute;
    this.classes = new Map(); // Excel and LibreOffice say what is bold in a style sheet
    for (const sheet of page.querySelectorAll(SHEET)) this.add(sheet.textContent);
  }

  add(sheet) {
    for (const rule of sheet.split("}")) {
      const at = rule.lastIndexOf("{");
      const declared = [...declarations(rule.slice(at + 1))].filter(([name]) => OF_CLASSES.has(name));
      if (at < 0 || !declared.length) continue;
      const selectors = ["*/", "<!--", "{"].reduce((text, sign) => text.slice(text.lastIndexOf(sign) + 1), rule.slice(0, at));
      for (const selector of selectors.split(",")) {
        const name = /^\W*[a-z\d]*\.([\w-]+)$/i.exec(selector.trim())?.[1];
        if (name) this.classes.set(name, new Map([...(this.classes.get(name) ?? NONE), ...declared]));
      }
    }
  }

  // Returns what an element's classes and its own style declare: name -> value, in lower case.
  of(element) {
    const own = element.getAttribute(this.attribute);
    const classes = this.classes.size ? [...element.classList].flatMap((name) => this.classes.get(name) ?? []) : [];
    if (!own && !classes.length) return NONE;
    return new Map([...classes.flatMap((declared) => [...declared]), ...declarations(own ?? "")]);
  }
}

function declarations(text) {
  const found = new Map();
  for (const each of text.split(";")) {
    const at = each.indexOf(":");
    if (at > 0) found.set(each.slice(0, at).trim().toLowerCase(), each.slice(at + 1).replace("!important", "").trim().toLowerCase());
  }
  return found;
}

export const isHidden = (style) =>
  style.get("display") === "none" || style.get("visibility") === "hidden" || style.get("mso-hide") === "all";

// Whether a text is crossed out: nobody is to read it, and a mail has no such mark.
export const isCrossed = ({ localName }, style) =>
  /^(?:s|strike|del)$/.test(localName) || /line-through/.test(style.get("text-decoration-line") ?? style.get("text-decoration"));

// Returns whether a style makes a text bold; undefined when it says nothing of it.
export function boldness(style) {
  const weight = style.get("font-weight");
  if (/^(?:normal|lighter)$/.test(weight)) return false;
  if (/^bold/.test(weight) || (!weight && /^[^"',]*\b(?:bold|[6-9]00)(?![\w.%])/.test(style.get("font")))) return true;
  return weight && Number(weight) ? Number(weight) >= 600 : undefined;
}

export function slant(style) {
  const value = style.get("font-style");
  if (value === "normal") return false;
  return /^(?:italic|oblique)/.test(value) || (!value && /^[^"',]*\b(?:italic|oblique)\b/.test(style.get("font"))) ? true : undefined;
}

// Returns a length in points, 0 when it is none.
export function points(length) {
  const [, number, unit] = /^(-?[\d.]+)(pt|px|in|cm|mm)$/.exec(length ?? "") ?? [];
  return number ? Number(number) * { pt: 1, px: 0.75, in: 72, cm: 28.35, mm: 2.835 }[unit] : 0;
}

// Whether a style keeps an element away from its neighbours.
export const hasMargins = (style) => [...style].some(([name, value]) => /^(?:margin|padding)/.test(name) && /[1-9]/.test(value));
