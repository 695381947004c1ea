// Prepares HTML so that a browser can parse it without harm or complaint.

const DEEPEST = 400; // elements in each other; a browser's own limit is 512
const MOST_MARKS = 40;
const MARKS = new Set("a b big code em font i nobr s small strike strong tt u".split(" "));
// These have no inside, or end where the next of them begins.
const SHORT = new Set(
  ("area base br col embed hr img input link meta param source track wbr p li dt dd tr td th thead tbody tfoot caption colgroup " +
    "option optgroup rt rp body html head").split(" "),
);

// Returns the HTML with other names for styles: `style` and `suffix` for the attribute, SHEET for the element. The policy of
// our pages empties styles, and complains of each.
export const unstyled = (html, suffix) => html.replace(/style(?=\s*=)/gi, (name) => name + suffix);

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
