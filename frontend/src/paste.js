// Brings the HTML of a clipboard, whoever wrote it, into that of our own body: the only elements and attributes of what is
// returned are those that the rules of `schema.js` read. Nothing in it leads anywhere, loads or hides anything.

import { htmlOf } from "./paste/html.js";
import { harmless, shallow } from "./paste/preparing.js";
import { Reading } from "./paste/reading.js";
import { Styles } from "./paste/styles.js";

// Returns the HTML, and how many {pictures, crossed, links} were left out of it: pictures, texts that were crossed out, and
// links that lead nowhere from here.
export function cleaned(html) {
  const suffix = `-${Math.random().toString(36).slice(2)}`; // in no text
  const prepared = harmless(shallow(whole(html)), suffix);
  const page = new DOMParser().parseFromString(prepared, "text/html"); // inert: nothing in it runs or loads
  withoutNames(page);
  const reading = new Reading(new Styles(page, `style${suffix}`));
  reading.read(page.body);
  return { html: reading.blocks.finished().map(htmlOf).join("").replaceAll(suffix, ""), left: reading.left };
}

// A form, and the page, would answer with what has such a name (`<input name=nextSibling>`) and not with what it is.
function withoutNames(page) {
  for (const element of Document.prototype.querySelectorAll.call(page, "[name], [id]:not(b)")) {
    for (const name of ["name", "id"]) Element.prototype.removeAttribute.call(element, name);
  }
}

// Cells that were copied without their table would lose their borders; comments in front of a page are slow to parse.
function whole(html) {
  const start = html.replace("<!--StartFragment-->", "").replace(/^(?:\s*<(?:meta|html|body)\b[^>]*>)*\s*/i, "");
  const isPart = /^<(?:tr|t[dh]|tbody|thead|tfoot|col|colgroup)\b/i.test(start);
  return `<body>${isPart ? `<table>${start}</table>` : html}`;
}
