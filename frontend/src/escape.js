// Escapes text so that the server reads every character of it as text.

import { clean, FIELD, isBlank, isLetter } from "./characters.js";

const ENTITY = /^&(?:#\d{1,7};|#x[\da-f]{1,6};|[a-z][a-z\d]{1,31};)/i;
const ADDRESS = /(?:https?|mailto|tel):(?=\S)|www\.(?=[\p{L}\p{N}])|[a-z0-9._%+&-]@(?=[^\s@]*[\p{L}\p{N}]\.[\p{L}\p{N}])/giu;
const SIGNS = new Set("\\`[]{}");

// At the beginning of a line these make a block; the sign to escape is the last one of the match.
const BLOCKS = [
  /^#(?=#{0,5}(?:[ \t]|$))/,
  /^>/,
  /^[-+*](?=[ \t]|$)/,
  /^[-_*](?=[-_* \t]*$)/,
  /^[-:|](?=[-:| \t]*$)/,
  /^=(?==*[ \t]*$)/,
  /^\d{1,9}[.)](?=[ \t]|$)/,
  /^[`~](?=[`~]{2})/,
  /^:(?=::)/,
];

// Returns the signs of a line of plain text, each as it has to be written. `inside` is true for each of them that stands
// between two others of the same marks. The line `begins` and `ends` with them, unless marks or fields stand there.
export function escaped(signs, { inside = () => true, begins = false, ends = false, atStart = begins } = {}) {
  const text = signs.join("");
  const out = signs.map((sign, at) => one(sign, at, signs, inside(at)));
  const numbers = new Map();
  let offset = 0;
  for (const [at, sign] of signs.entries()) {
    numbers.set(offset, at);
    offset += sign.length;
  }
  const escape = (position) => {
    const at = numbers.get(position);
    if (out[at] === signs[at]) out[at] = `\\${signs[at]}`;
  };
  for (const found of text.matchAll(/&/g)) if (ENTITY.test(text.slice(found.index))) escape(found.index);
  for (const found of text.matchAll(ADDRESS)) escape(found.index + found[0].length - 1);
  const keep = (at) => { if (isBlank(signs[at] ?? "")) out[at] = `&#${signs[at].codePointAt(0)};`; };
  if (ends) keep(signs.length - 1);
  if (begins) keep(0);
  if (atStart) {
    for (const pattern of BLOCKS) {
      const found = pattern.exec(text);
      if (found) escape(found[0].length - 1);
    }
  }
  return out;
}

function one(sign, at, signs, inside) {
  const before = signs[at - 1] ?? "";
  const behind = signs[at + 1] ?? "";
  if (SIGNS.has(sign)) return `\\${sign}`;
  if (sign === "_") return inside && isLetter(before) && isLetter(behind) ? sign : "\\_";
  if (sign === "*") {
    const alone = (isLetter(before) && isLetter(behind)) || (isBlank(before) && isBlank(behind));
    return inside && alone ? sign : "\\*";
  }
  if (sign === "<") return /[a-z]/i.test(behind) ? "\\<" : sign;
  return sign;
}

// Returns a text that may hold merge fields, such as what a picture shows, with everything else escaped.
export function escapedAround(text, { inCell = false } = {}) {
  const line = clean(text).trim().replace(/\s+/g, " ");
  const written = aroundFields(line, (rest) => escaped([...rest]).join(""));
  return inCell ? cell(written) : written;
}

// Returns the address of a link or picture as it stands between round brackets.
export function destination(address) {
  const written = aroundFields(clean(address).trim(), (rest) => plain(rest, /[\\()<>]/g).replace(/\s/gu, encodeURIComponent));
  return written || "<>";
}

export function title(words) {
  const line = clean(words).trim();
  if (!line) return "";
  const written = aroundFields(line, (rest) => plain(rest, /[\\"]/g));
  return ` "${written}"`;
}

// Returns a text with each brace that belongs to no merge field escaped.
export const braced = (text) => aroundFields(text, (rest) => rest.replace(/[{}]/g, "\\$&"));

// Returns a text with `signs` escaped, and nothing in it an entity.
const plain = (text, signs) =>
  text.replace(/&/g, (sign, at) => (ENTITY.test(text.slice(at)) ? "&amp;" : sign)).replace(signs, "\\$&");

// Returns the Markdown of a table's cell with its bars escaped.
export const cell = (markdown) => aroundFields(markdown, (rest) => rest.replaceAll("|", "\\|"));

function aroundFields(text, change) {
  let out = "";
  let end = 0;
  for (const found of text.matchAll(FIELD)) {
    out += change(text.slice(end, found.index)) + found[0];
    end = found.index + found[0].length;
  }
  return out + change(text.slice(end));
}
