// Finds the addresses that the server makes links of (`eventmail/content/bare_links.py`).

import { isBlank, isLetter } from "./characters.js";
import { runs, sameLink, sameMarks } from "./units.js";

const START = /^(?:https?:\/\/|mailto:)(?=\S)|^www\.(?=[\p{L}\p{N}])|^[a-z0-9][a-z0-9._%+&-]{0,63}@(?=[\p{L}\p{N}])/iu;
const TRAILING = /[.,;:!?'"*_“”„«»‹›‘’‚…、。，！？；：」』〉》)\]}>）】]+$/u;
const HOST = "[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]*[\\p{L}\\p{N}])?(?:\\.[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]*[\\p{L}\\p{N}])?)*";
const DOTTED = /[\p{L}\p{N}]\.[\p{L}\p{N}]/u;

// Addresses about whose end the server and this file surely agree, in a text where they end before a blank.
const PLAIN = /^(?:https?:\/\/[a-z0-9]+(?:[.-][a-z0-9]+)*(?::\d+)?(?:[/?#](?:[a-z0-9~%=&/_+-]|[?#.@:](?=[a-z0-9/]))*)?|www(?:\.[a-z0-9]+(?:-[a-z0-9]+)*){2,}|[a-z0-9]+(?:[._+-][a-z0-9]+)*@[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+)$/i;
const ANGLED = /^(?:https?|mailto|tel):[^<>\s]+$/i;

export const textOf = (units) => units.map(({ sign, node }) => (node ? node.type.name === "token" ? node.attrs.written : "\ufffc" : sign)).join("");

// Returns the address that a bare link with this text has.
export function addressOf(text) {
  if (/^(?:https?:|mailto:|tel:)/i.test(text)) return text;
  return /^www\./i.test(text) ? `http://${text}` : `mailto:${text}`;
}

// Marks the addresses among units that are no link yet as bare links; what is no address any more loses that mark.
export function withAddresses(units, linkType) {
  const out = units.map((unit) => ({ ...unit }));
  const isBare = ({ link }) => link?.attrs.bare;
  for (const [from, to] of runs(out, isBare, (one, other) => sameLink(one.link, other.link))) {
    const run = out.slice(from, to);
    if (addressOf(textOf(run)) === run[0].link.attrs.href && run.every((unit) => sameMarks(unit, run[0]) && !unit.code)) continue;
    for (const unit of run) unit.link = null;
  }
  const isFree = ({ sign, node, link, code }) => !link && !code && !isBlank(sign) && (!node || node.type.name === "token");
  for (const [from, to] of runs(out, isFree)) mark(out, from, to, linkType);
  return out;
}

function mark(units, from, to, linkType) {
  for (let at = from; at < to; at += 1) {
    const { sign } = units[at];
    const before = units[at - 1];
    if (!/[a-z0-9]/i.test(sign) || (before && (isLetter(before.sign) || before.sign === "\\" || before.node))) continue;
    let end = at + 1;
    while (end < to && sameMarks(units[end], units[at])) end += 1;
    const text = textOf(units.slice(at, end));
    if (!START.test(text)) continue;
    while (end > at && units[end - 1].sign && TRAILING.test(units[end - 1].sign)) end -= 1;
    const address = textOf(units.slice(at, end));
    if (!isWhole(address)) continue;
    const link = linkType.create({ href: addressOf(address), bare: true });
    for (let each = at; each < end; each += 1) units[each].link = link;
    at = end;
  }
}

function isWhole(address) {
  if (/^https?:\/\//i.test(address)) return new RegExp(`^https?://${HOST}`, "iu").test(address);
  if (/^mailto:/i.test(address)) return /^mailto:[^\s@]+@/i.test(address);
  const host = address.includes("@") ? address.slice(address.indexOf("@") + 1) : address.slice(4);
  return DOTTED.test(host) && new RegExp(`^${HOST}$`, "iu").test(host.split(/[/?#]/)[0]) && (address.includes("@") ? !/[/?#]/.test(host) : true);
}

// Returns how a bare link is written: as it is; in angle brackets; or null when only a link with a text will do.
export function bareForm(units, from, to) {
  const text = textOf(units.slice(from, to));
  if (PLAIN.test(text) && begins(units, from) && ends(units, to)) return text;
  return ANGLED.test(text) && !/\\[{}]/.test(text) ? `<${text}>` : null;
}

const alike = (one, other) => sameMarks({ ...one, link: null }, { ...other, link: null });

function begins(units, from) {
  const before = units[from - 1];
  return !before || isBlank(before.sign) || (before.sign === "(" && alike(before, units[from]));
}

function ends(units, to) {
  const last = units[to - 1];
  const isOpen = (unit) => !unit.link && alike(unit, last);
  const at = to < units.length && /^[.,;!?)]$/.test(units[to].sign) && isOpen(units[to]) ? to + 1 : to;
  return at < units.length ? /^[ \t\n]$/.test(units[at].sign) && isOpen(units[at]) : !last.strong && !last.em;
}
