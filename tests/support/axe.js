// Stands beside axe in a page under test: `eventmailAxe()` answers its violations.
//
// To judge the contrast of every text is most of what axe takes. Whether one passes depends on few things, and many
// texts are alike in all of them: once one has passed, those are not judged again, at another width neither.
{
  const CONTRAST = "color-contrast";
  const COLOURS = {type: "rule", values: [CONTRAST, "link-in-text-block"]};
  const A_FEW = 3; // of those alike; the others only if none of these passes
  const passed = new Set(); // what the contrast of a text depends on, where one has passed
  let asked = new Map(); // the elements to judge, with that

  // Parsing the same few colours again and again is a third of its time.
  const {Color} = axe.commons.color, parse = Color.prototype.parseString, known = new Map();
  Color.prototype.parseString = function (text) {
    if (known.has(text)) [this.r, this.g, this.b, this.alpha] = known.get(text);
    else {
      parse.call(this, text);
      known.set(text, [this.r, this.g, this.b, this.alpha]);
    }
    return this;
  };

  const rule = axe._audit.rules.find(({id}) => id === CONTRAST), matches = rule.matches;
  rule.matches = function (element, ...more) {
    return asked.has(element) && matches.call(this, element, ...more);
  };
  axe.addReporter("eventmail", (results, options, done) => {
    const contrast = results.find(({id}) => id === CONTRAST);
    for (const {node} of contrast.passes) passed.add(asked.get(node.element));
    axe.getReporter("v1")(results, options, done);
  });

  // A number for each text and each element.
  const numbers = new Map();
  const number = value => numbers.get(value) ?? (numbers.set(value, numbers.size), numbers.size - 1);

  const own = style => [
    style.color, style.webkitTextFillColor, style.webkitTextStroke, style.textShadow, style.fontSize, style.fontWeight,
  ].join();
  const layer = style => [
    style.backgroundColor, style.backgroundImage, style.backgroundClip, style.opacity, style.mixBlendMode,
    style.filter, style.position, style.zIndex, style.content, style.display,
  ].join();
  const paints = style => style.backgroundImage !== "none" || style.backgroundColor !== "rgba(0, 0, 0, 0)";

  // Every element with its style, the number of the layers down to its own, and whether that one paints anything.
  function looks() {
    const found = new Map();
    for (const element of document.querySelectorAll("*")) {
      const style = getComputedStyle(element);
      const marks = ["::before", "::after"].map(mark => getComputedStyle(element, mark));
      const drawn = marks.filter(mark => mark.content !== "none");
      const layers = [found.get(element.parentElement)?.layers, layer(style), ...drawn.map(layer)];
      const painted = element.matches("img, svg, canvas, video, iframe") || [style, ...drawn].some(paints);
      found.set(element, {style, layers: number(layers.join("\n")), painted});
    }
    return found;
  }

  // The box of an element and of its text, which may be wider.
  function place(element) {
    const box = element.getBoundingClientRect(), range = document.createRange();
    range.selectNodeContents(element);
    const text = range.getBoundingClientRect();
    if (text.width === 0) return box;
    return {
      left: Math.min(box.left, text.left), right: Math.max(box.right, text.right),
      top: Math.min(box.top, text.top), bottom: Math.max(box.bottom, text.bottom),
    };
  }

  const meet = (one, other) =>
    one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  const within = (one, other) =>
    one.left >= other.left && one.right <= other.right && one.top >= other.top && one.bottom <= other.bottom;
  const hasText = element =>
    element.matches("input:not([type=checkbox], [type=radio]), select, textarea") ||
    [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.nodeValue.trim());

  // The visible elements with text none of which has passed, by what their contrast depends on: the colours, size and
  // layers of their own and of what they stand in, whether they stand wholly in it, and what else is painted there.
  function unjudged() {
    const all = looks(), painted = [], found = new Map();
    for (const [element, {layers, painted: paints_}] of all)
      if (paints_) painted.push([element, element.getBoundingClientRect(), layers]);
    for (const [element, {style, layers}] of all) {
      if (!hasText(element) || !element.checkVisibility({visibilityProperty: true})) continue;
      const box = place(element), around = [];
      for (const [other, there, its] of painted) {
        const outer = other.contains(element);
        if (outer) around.push(within(box, there));
        else if (meet(box, there)) around.push(`${number(other)} ${its}`);
      }
      const depends = [own(style), layers, ...around].join("\n");
      if (!passed.has(depends)) found.set(depends, [...found.get(depends) ?? [], element]);
    }
    return [...found];
  }

  // What is in order stays here: it is megabytes. axe is in no frame, and would wait half a second for each.
  async function violations(alike, rules = {}) {
    asked = new Map(alike.flatMap(([depends, elements]) => elements.map(element => [element, depends])));
    const options = {...rules, resultTypes: ["violations"], iframes: false, reporter: "eventmail"};
    return (await axe.run(options)).violations;
  }

  // A transition that still runs would give axe a colour that nobody sees.
  window.eventmailAxe = async () => {
    document.getAnimations().forEach(animation => animation.finish());
    const alike = unjudged(), few = alike.map(([depends, elements]) => [depends, elements.slice(0, A_FEW)]);
    const found = await violations(few);
    const left = alike.filter(([depends, elements]) => elements.length > A_FEW && !passed.has(depends));
    return left.length === 0 ? found : [...found, ...await violations(left, {runOnly: COLOURS})];
  };
}
undefined; // the answer of this file
