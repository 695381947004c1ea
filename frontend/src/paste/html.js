// Writes the blocks of a paste in the HTML that `schema.js` reads.

import { addressOf } from "../addresses.js";
import { runs } from "../units.js";
import { lighter } from "./blocks.js";

export function htmlOf(block) {
  const { tag } = block;
  switch (tag) {
    case "p":
      return element(tag, {}, block.lines.map(line).join("<br>"));
    case "ul":
      return element(tag, { bullet: block.bullet, ...tight(block) }, block.children.map(htmlOf).join(""));
    case "ol":
      return element(tag, { start: block.start, delimiter: block.delimiter, ...tight(block) }, block.children.map(htmlOf).join(""));
    case "li":
    case "blockquote":
      return element(tag, {}, block.children.map(htmlOf).join(""));
    case "pre":
      return element(tag, { language: block.language }, `<code>${block.code.map(unit).join("")}</code>`);
    case "table":
      return element(tag, {}, `<tbody>${block.rows.map((row, at) => tableRow(at ? row : head(row), block.aligns)).join("")}</tbody>`);
    case "div":
      return element(tag, block.label ? { kind: block.kind, href: block.href, label: block.label } : { kind: block.kind }, "");
    case "hr":
      return "<hr>";
    default:
      return element(tag, {}, line(lighter(block.units)));
  }
}

const tight = (list) => (list.loose ? {} : { tight: "" });

function head(row) {
  const all = row.flat();
  return lighter(all) === all ? row : row.map(lighter);
}

const tableRow = (row, aligns) =>
  element("tr", {}, row.map((cell, at) => element("td", { align: aligns[at] ?? "" }, line(cell))).join(""));

function line(units) {
  let out = "";
  let at = 0;
  for (const [from, to] of runs(units, ({ marks }) => marks.link, (one, other) => one.marks.link === other.marks.link)) {
    const inner = units.slice(from, to);
    out += units.slice(at, from).map(unit).join("") + element("a", linkData(inner), inner.map(unit).join(""));
    at = to;
  }
  return out + units.slice(at).map(unit).join("");
}

// A link whose text is its address is a bare one.
function linkData(units) {
  const { href, title } = units[0].marks.link;
  const address = addressOf(units.map(({ text, atom }) => (atom ? atom.token ?? "\ufffc" : text)).join("").trim());
  if (address === href || `${address}/` === href) return { href: address, bare: "" };
  return title ? { href, title } : { href };
}

function unit({ text, atom, marks }) {
  let out = atom ? element("span", atom, escaped(atom.token ?? "")) : escaped(text);
  if (marks.code) out = `<code>${out}</code>`;
  if (marks.em) out = `<em>${out}</em>`;
  return marks.strong ? `<strong>${out}</strong>` : out;
}

function element(tag, data, inner) {
  const written = Object.entries(data).map(([name, value]) => ` data-${name}="${escaped(String(value))}"`);
  return `<${tag}${written.join("")}>${inner}</${tag}>`;
}

const SIGNS = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text) => text.replace(/[&<>"]/g, (sign) => SIGNS[sign]);
