// Prepares HTML so that a browser can parse it without harm or complaint.

const DEEPEST = 400; // elements in each other; a browser's own limit is 512
const MOST_MARKS = 12;
const MARKS = new Set("b big code em font i s small strike strong tt u".split(" "));
// These have no inside, or end where the next of them begins.
const SHORT = new Set(
  ("a nobr area base br col embed hr img input link meta param source track wbr p li dt dd tr td th thead tbody tfoot caption colgroup " +
    "option optgroup rt rp body html head").split(" "),
);

// Returns the HTML with `suffix` behind the names of styles and scripts in attributes, and with SHEET for the element. The
// policy of our pages takes them away, and complains of each.
export const harmless = (html, suffix) => html.replace(/(?:style|\bon[a-z]+)(?=\s*=)/gi, (name) => name + suffix);

export const SHEET = "noframes"; // its inside is text, too

// Returns the HTML with the tags of what is too deep emptied; the texts stay. A parser takes quadratic time for elements
// that are never closed, and in each paragraph repeats the open ones that say how a text looks.
export function shallow(html) {
  const open = { marks: 0, others: 0 };
  return html.replace(/<(\/?)([a-z][^\s/>]*)/gi, (tag, closes, written) => {
    const name = written.toLowerCase();
    if (SHORT.has(name)) return tag;
    if (name === "style") return `<${closes}${SHEET}`;
    const kind = MARKS.has(name) ? "marks" : "others";
    if (!closes) open[kind] += 1;
    const isTooDeep = open[kind] > (kind === "marks" ? MOST_MARKS : DEEPEST);
    if (closes) open[kind] = Math.max(0, open[kind] - 1);
    return isTooDeep ? `<${closes}wbr` : tag;
  });
}
