// How the nodes look that are no text. Each is a single thing: a click or Enter opens its dialog.

function element(tag, className, ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

// Shows a text with its merge fields as chips.
function chipped(text, fields) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(/\{[^{}|\n]*(?:\|[^{}\n]*)?\}/g)) {
    parts.push(text.slice(end, found.index), chip(found[0], fields));
    end = found.index + found[0].length;
  }
  return [...parts, text.slice(end)];
}

function chip(written, fields) {
  const { name, label, fallback } = fields.read(written);
  const made = element("span", name ? "chip" : "chip no-field", label);
  made.dir = "auto";
  if (!name) made.title = "No merge field is called that.";
  if (fallback) made.append(", or ", element("bdi", "", fallback));
  return made;
}

const views = {
  token: ({ attrs }, fields) => chip(attrs.written, fields),
  picture: ({ attrs }, fields) => {
    const made = element("span", "editor-picture", "Picture: ", ...(attrs.alt ? chipped(attrs.alt, fields) : ["no words"]));
    made.title = attrs.src;
    return made;
  },
  button: ({ attrs }, fields) => element("div", "editor-block",
    element("span", "editor-button", ...chipped(attrs.label, fields)),
    element("span", "small muted", "leads to ", ...chipped(attrs.href, fields))),
  calendar_links: () => element("div", "editor-block", element("span", "", "Calendar links: Google, Outlook, Yahoo and others")),
  divider: () => element("div", "editor-divider", element("hr", "")),
  raw: ({ attrs }) => element("div", "editor-block",
    element("span", "small muted", "Only to be changed as Markdown:"),
    element("pre", "", attrs.source)),
};

// Returns ProseMirror's node views. The content of a table is drawn, not written in.
export function nodeViews(fields, serializer) {
  const made = Object.fromEntries(Object.entries(views).map(([name, draw]) => [name, (node) => ({
    dom: draw(node, fields),
    ignoreMutation: () => true,
  })]));
  made.table = (node) => ({ dom: table(node, fields, serializer), ignoreMutation: () => true, update: () => false });
  return made;
}

function table(node, fields, serializer) {
  const made = element("table", "editor-table");
  node.forEach((row, _offset, at) => {
    const line = made.insertRow();
    row.forEach((cell) => {
      const box = element(at ? "td" : "th", "", serializer.serializeFragment(cell.content));
      if (cell.attrs.align) box.classList.add(cell.attrs.align);
      for (const token of box.querySelectorAll("span[data-token]")) token.replaceWith(chip(token.dataset.token, fields));
      for (const picture of box.querySelectorAll("span[data-picture]")) picture.replaceWith(`Picture: ${picture.dataset.alt}`);
      line.append(box);
    });
  });
  return made;
}
