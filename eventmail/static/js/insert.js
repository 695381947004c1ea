// <span data-insert="text"> in a form: becomes a button that puts the text where somebody was writing last in it.
// Without script it stays what it is, a line to read and to type.

const written = new WeakMap(); // form -> the field that had the focus last

function isText(element) {
  return element.matches?.("textarea, input[type=text]") && element.form;
}

document.addEventListener("focusin", ({ target }) => {
  if (isText(target)) written.set(target.form, target);
});

for (const line of document.querySelectorAll("[data-insert]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.insert = line.dataset.insert;
  button.append(...line.childNodes);
  line.replaceWith(button);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-insert]");
  if (!button?.form) return;
  const field = written.get(button.form) ?? button.form.querySelector("textarea");
  field.focus();
  // insertText keeps the browser's undo; where it is not supported the text is put in by hand
  if (document.execCommand("insertText", false, button.dataset.insert)) return;
  field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
});
