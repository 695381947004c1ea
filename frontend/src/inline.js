// Writes the inside of a paragraph. Marks that Markdown cannot end where they end are moved first, so that what is written
// is what the server reads: emphasis covers whole words (C5), blanks and punctuation at the edge of a mark may leave it.

import { bareForm, textOf } from "./addresses.js";
import { isBlank, isLetter, isSign } from "./characters.js";
import { cell, destination, escaped, escapedAround, title } from "./escape.js";
import { runs, sameLink, sameMarks } from "./units.js";

const OPENS_NOT = new Set(")]}.,;:");
const CLOSES_NOT = new Set("([{");

// Where a text stands: in a table's cell, in a heading, or at the beginning of lines.
export const IN_CELL = { atStart: false, inCell: true };
export const IN_HEADING = { atStart: false };

// Returns the units with marks that can be written.
export function withMarks(units, place = {}) {
  const out = units.map((unit) => ({ ...unit }));
  withoutBareForm(out);
  widened(out);
  for (;;) {
    const wrong = new Writer(out, place).wrong();
    if (!wrong.length) return out;
    for (const { at, name } of wrong) mend(out, at, name);
  }
}

// The mark leaves the unit at its edge. Code loses it as a whole; an address gets a link with words, inside of which it may end.
function mend(units, at, name) {
  const { link } = units[at];
  const isPart = (unit) => (link?.attrs.bare ? sameLink(unit.link, link) : unit.code);
  const [from, to] = [...runs(units, isPart, sameMarks)].find(([first, last]) => first <= at && at < last) ?? [at, at + 1];
  for (const unit of units.slice(from, to)) {
    if (link?.attrs.bare) unit.link = link.type.create({ ...link.attrs, bare: false });
    else unit[name] = false;
  }
}

export const markdownOf = (units, place = {}) => new Writer(units, place).text();

function withoutBareForm(units) {
  for (const [from, to] of runs(units, ({ link }) => link?.attrs.bare, (one, other) => sameLink(one.link, other.link))) {
    if (bareForm(units, from, to) !== null) continue;
    const { link } = units[from];
    for (let at = from; at < to; at += 1) units[at].link = link.type.create({ ...link.attrs, bare: false });
  }
}

// Emphasis inside a word becomes that of the word.
function widened(units) {
  const inWord = (one, other) => isWord(one) && isWord(other) && sameLink(one.link, other.link);
  const spread = (at, next) => {
    if (units[at]?.em && units[next] && !units[next].em && inWord(units[at], units[next])) units[next].em = true;
  };
  for (let at = 1; at < units.length; at += 1) spread(at - 1, at);
  for (let at = units.length - 1; at > 0; at -= 1) spread(at, at - 1);
}

const isWord = ({ sign, node, code, link }) =>
  !code && !link?.attrs.bare && (node ? node.type.name === "token" : isLetter(sign) || sign === "{" || sign === "}");

class Writer {
  constructor(units, { atStart = true, inCell = false } = {}) {
    this.units = units;
    this.atStart = atStart;
    this.inCell = inCell;
    this.intervals = [...this.links(), ...this.spans()].sort((a, b) => a.from - b.from || b.to - a.to || a.rank - b.rank);
    this.signs = this.escapedSigns();
    this.pieces = []; // [what is written, what the server's parser sees of it, {interval, opens} of a delimiter]
    this.write(0, units.length, this.intervals);
    for (const [at, piece] of this.pieces.entries()) if (piece[2]?.interval.name === "em") this.chooseSign(at);
  }

  text() {
    return this.pieces.map(([written]) => written).join("");
  }

  // Returns the units, with the names of marks, that a delimiter cannot open or close at.
  wrong() {
    const found = [];
    this.pieces.forEach(([, , delimiter], at) => {
      if (!delimiter) return;
      const { interval, opens } = delimiter;
      const fits = opens ? canOpen(...this.around(at)) : canClose(...this.around(at));
      if (!fits) found.push({ at: opens ? interval.from : interval.to - 1, name: interval.name });
    });
    return found;
  }

  links() {
    return [...runs(this.units, ({ link }) => link, (one, other) => sameLink(one.link, other.link))].map(([from, to]) => ({
      name: "link", rank: this.units[from].link.attrs.bare ? 3 : 0, from, to,
    }));
  }

  // Strong, emphasis and code, cut where one would cross the other or a link.
  spans() {
    const cut = (name, rank, within) => {
      const made = [];
      for (const [from, to] of runs(this.units, (unit) => unit[name])) {
        let start = from;
        for (let at = from + 1; at <= to; at += 1) {
          if (at === to || within(from, to, at)) {
            made.push({ name, rank, from: start, to: at });
            start = at;
          }
        }
      }
      return made;
    };
    const links = this.links();
    const crosses = (outer) => (from, to, at) =>
      outer.some((one) => (one.from === at && one.to > to && one.from > from) || (one.to === at && one.from < from && one.to < to));
    const em = cut("em", 2, crosses(links));
    const strong = cut("strong", 1, crosses([...links, ...em]));
    const code = cut("code", 4, (from, to, at) => !sameMarks(this.units[at - 1], this.units[at]));
    return [...em, ...strong, ...code];
  }

  escapedSigns() {
    const plain = this.units.map(({ sign, node, code }) => (node || code ? "" : sign));
    const out = [];
    let from = 0;
    for (let at = 0; at <= plain.length; at += 1) {
      if (at < plain.length && plain[at] !== "\n" && plain[at] !== "") continue;
      const stretch = plain.slice(from, at);
      const inside = (each) => {
        const [before, here, behind] = [from + each - 1, from + each, from + each + 1].map((index) => this.units[index]);
        return Boolean(before && behind) && sameMarks(before, here) && sameMarks(here, behind);
      };
      const begins = from === 0 || plain[from - 1] === "\n";
      const ends = at === plain.length || plain[at] === "\n";
      const signs = escaped(stretch, { inside, begins, ends, atStart: begins && (from > 0 || this.atStart) });
      this.units.slice(from, at).forEach(({ link }, each) => { if (link?.attrs.bare) signs[each] = stretch[each]; });
      out.push(...signs);
      if (at < plain.length) out.push(plain[at]);
      from = at + 1;
    }
    return out;
  }

  write(from, to, intervals) {
    let at = from;
    let next = 0;
    while (at < to) {
      const interval = intervals[next];
      if (!interval || interval.from > at) {
        this.unit(at);
        at += 1;
        continue;
      }
      const within = intervals.slice(next + 1).filter((one) => one.from < interval.to);
      this.interval(interval, within);
      at = interval.to;
      next += 1 + within.length;
    }
  }

  interval(interval, within) {
    const { name, from, to } = interval;
    if (name === "code") this.code(from, to);
    else if (name === "link") this.link(from, to, within);
    else {
      const sign = name === "strong" ? "**" : "*";
      this.pieces.push([sign, sign, { interval, opens: true }]);
      this.write(from, to, within);
      this.pieces.push([sign, sign, { interval, opens: false }]);
    }
  }

  link(from, to, within) {
    const { attrs } = this.units[from].link;
    const bare = attrs.bare ? bareForm(this.units, from, to) : null;
    if (bare !== null) {
      this.push(this.inCell ? cell(bare) : bare, bare.startsWith("<") ? "<>" : "aa");
      return;
    }
    const last = this.pieces.at(-1);
    if (last && last[0] === "!") last[0] = "\\!";
    this.push("[", "[");
    this.write(from, to, within);
    this.push(`](${this.celled(destination(attrs.href) + title(attrs.title))})`, "])");
  }

  code(from, to) {
    const text = textOf(this.units.slice(from, to));
    const written = this.units.slice(from, to).map(({ sign, node }) => (node ? node.attrs.written : /[{}]/.test(sign) ? `\\${sign}` : sign)).join("");
    const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
    const lengths = new Set([...text.matchAll(/`+/g)].map(([run]) => run.length));
    let length = 1;
    while (lengths.has(length)) length += 1;
    const fence = "`".repeat(Math.min(length, longest + 1));
    const padded = /^`|`$/.test(text) || (/^ .* $/s.test(text) && /[^ ]/.test(text)) ? ` ${written} ` : written;
    this.push(this.celled(fence + padded + fence), "``");
  }

  unit(at) {
    const { sign, node } = this.units[at];
    if (node?.type.name === "token") this.push(node.attrs.written, "aa");
    else if (node) {
      const { src, alt, title: words } = node.attrs;
      this.push(this.celled(`![${escapedAround(alt)}](${destination(src)}${title(words)})`), "!)");
    } else {
      const written = this.signs[at];
      this.push(this.inCell && sign === "|" ? "\\|" : written, /^\\[{}]$/.test(written) ? "aa" : written);
    }
  }

  push(written, seen) {
    this.pieces.push([written, seen, null]);
  }

  celled(markdown) {
    return this.inCell ? cell(markdown) : markdown;
  }

  // Emphasis beside a star is written with an underscore, so that no run of stars has to be taken apart.
  chooseSign(at) {
    const { interval } = this.pieces[at][2];
    const both = this.pieces.flatMap((piece, each) => (piece[2]?.interval === interval ? [each] : []));
    const besideStar = both.some((each) => this.around(each).slice(1).includes("*"));
    for (const each of both) this.pieces[each][0] = this.pieces[each][1] = besideStar ? "_" : "*";
  }

  // Returns the delimiter at a piece, and the characters before and behind it as the server's parser sees them.
  around(at) {
    const before = [...(this.pieces[at - 1]?.[1] ?? " ")].at(-1);
    const [behind] = this.pieces[at + 1]?.[1] ?? " ";
    return [this.pieces[at][1], before, behind];
  }
}

// CommonMark's rules for delimiters, with those of our dialect for a single star.
function canOpen(mark, before, behind) {
  if (isBlank(behind) || (isSign(behind) && !isBlank(before) && !isSign(before))) return false;
  if (mark === "_") return !isRightFlanking(before, behind) || isSign(before);
  return mark === "**" || !isText(before, behind);
}

function canClose(mark, before, behind) {
  if (!isRightFlanking(before, behind)) return false;
  if (mark === "_") return !isLeftFlanking(before, behind) || isSign(behind);
  return mark === "**" || !isText(before, behind);
}

const isLeftFlanking = (before, behind) => !isBlank(behind) && !(isSign(behind) && !isBlank(before) && !isSign(before));
const isRightFlanking = (before, behind) => !isBlank(before) && !(isSign(before) && !isBlank(behind) && !isSign(behind));

// Whether a single star is text (`_star` of dialect.py).
function isText(before, behind) {
  if (isLetter(before) && isLetter(behind)) return true;
  if (!OPENS_NOT.has(behind) && !CLOSES_NOT.has(before)) return false;
  const canClose = !CLOSES_NOT.has(before) && !isBlank(before);
  const canOpen = !OPENS_NOT.has(behind) && !isBlank(behind);
  return !canClose && !canOpen;
}
