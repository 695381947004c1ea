// The dialogs of the editor, which `templates/composer/_editor_dialogs.html` draws.

// Opens a dialog with `values` in its fields, by data-name. Resolves to what was typed, null when it was left, and
// "remove" when the thing itself is to go.
export function ask(dialog, values) {
  const form = dialog.querySelector("form");
  const inputs = [...form.querySelectorAll("[data-name]")];
  for (const input of inputs) input.value = values[input.dataset.name] ?? "";
  for (const part of dialog.querySelectorAll("[data-when]")) part.hidden = !values[part.dataset.when];
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "remove") resolve("remove");
      else if (dialog.returnValue !== "done") resolve(null);
      else resolve(Object.fromEntries(inputs.map((input) => [input.dataset.name, input.value.trim()])));
    }, { once: true });
  });
}

const LINKABLE = /^(?:https?:\/\/[^\s/?#\\]|mailto:[^\s?]|tel:[^\s?]|\{)/i;

// Returns an address as it was meant, "" when nothing can be made of it: a host gets https:, a mail address mailto:.
export function addressFrom(typed) {
  const address = typed.trim().replace(/[\t\n\r]/g, "").replace(/\s(?![^{}]*\})/g, encodeURIComponent);
  if (/^(?:[a-z]+:\/*)?[^/?#{]*%20/i.test(address)) return ""; // a blank in the name of a server
  if (LINKABLE.test(address)) return address;
  if (/^[a-z][a-z0-9+.-]*:/i.test(address) && !/^[\w-]+(?:\.[\w-]+)+:\d/.test(address)) return "";
  if (/^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/.test(address)) return `mailto:${address}`;
  return /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+(?:[:/?#]|$)/u.test(address) ? `https://${address}` : "";
}

// Refuses to close the dialog while an address leads nowhere, in the words of the browser.
document.addEventListener("submit", (event) => {
  const input = event.target.querySelector("[data-address]");
  if (!event.target.closest("[data-editor-dialog]") || !input) return;
  const address = addressFrom(input.value);
  input.setCustomValidity(address ? "" : "Write an address that begins with https://, http://, mailto: or tel:, or a merge field.");
  if (address) input.value = address;
  else {
    event.preventDefault();
    input.reportValidity();
  }
}, true);

document.addEventListener("click", ({ target }) => target.closest?.("[data-editor-dialog] [data-remove]")?.closest("dialog").close("remove"));

document.addEventListener("input", ({ target }) => {
  if (target.matches?.("[data-editor-dialog] [data-address]")) target.setCustomValidity("");
});
