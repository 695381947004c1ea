// <span data-insert="{field}"> becomes a button that inserts the merge field into the field of its form that had the focus
// last. Without script it stays a line to read.

const MERGES = ["subject", "preheader", "body"];
const written = new WeakMap(); // form -> the field that had the focus last

document.addEventListener("focusin", ({ target }) => {
  const field = target.closest("[data-editor-place]") ? target.closest("[data-editor]").querySelector("textarea") : target;
  if (field.form && MERGES.includes(field.name)) written.set(field.form, field);
});

function prepare() {
  for (const line of document.querySelectorAll("span[data-insert]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.insert = line.dataset.insert;
    button.append(...line.childNodes);
    line.replaceWith(button);
  }
  for (const tools of document.querySelectorAll("[data-fields-tools]")) tools.hidden = false;
  narrow();
}

// With a fallback {field} becomes {field|fallback}; braces and line breaks, which would end the field, are replaced.
function merged(button) {
  const own = document.getElementById("own-fallback")?.value.replace(/[{}\s]+/g, " ").trim();
  return own ? button.dataset.insert.replace("}", `|${own}}`) : button.dataset.insert;
}

function insert(button) {
  type(written.get(button.form) ?? button.form.querySelector("textarea[name=body]"), merged(button));
  const own = document.getElementById("own-fallback");
  if (own) own.value = "";
}

function type(field, text) {
  if (field.ariaHidden) return field.dispatchEvent(new CustomEvent("merge-field", { detail: text })); // the editor is over it
  field.focus();
  // insertText keeps the browser's undo; without support for it the text is set directly
  if (!document.execCommand("insertText", false, text)) {
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}

function buttons() {
  return [...document.querySelectorAll("button[data-insert]")].filter((button) => !button.closest("[hidden]"));
}

function narrow() {
  const find = document.getElementById("find-field");
  if (!find) return;
  const words = find.value.toLowerCase().split(/\s+/);
  for (const item of document.querySelectorAll("[data-fields] li")) {
    const text = item.textContent.toLowerCase();
    item.hidden = !words.every((word) => text.includes(word));
  }
  for (const group of document.querySelectorAll("[data-fields]")) group.hidden = !group.querySelector("li:not([hidden])");
  document.querySelector("[data-fields-none]").hidden = buttons().length > 0;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-insert]");
  if (button?.form) insert(button);
});

document.addEventListener("input", (event) => {
  if (event.target.id === "find-field") narrow();
});

// The arrows move through the list; Enter in the search inserts the first field that is left.
document.addEventListener("keydown", (event) => {
  const finding = event.target.id === "find-field";
  const tool = finding || event.target.id === "own-fallback";
  if (event.isComposing || !(tool || event.target.matches?.("button[data-insert]"))) return;
  const list = buttons();
  if (event.key === "Enter" && tool) {
    if (finding && list.length && event.target.value) insert(list[0]);
  } else if (event.key === "ArrowDown" && (!tool || finding)) {
    (list[list.indexOf(event.target) + 1] ?? list.at(-1))?.focus();
  } else if (event.key === "ArrowUp" && !tool) {
    (list[list.indexOf(event.target) - 1] ?? document.getElementById("find-field")).focus();
  } else return;
  event.preventDefault();
});

document.addEventListener("htmx:after:swap", prepare);
prepare();
