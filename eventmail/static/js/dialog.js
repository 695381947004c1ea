// Native <dialog>. A server-rendered `<dialog open data-modal>` works without script and becomes modal with it.
// Closing gives the focus back.

const openers = new WeakMap();

function show(dialog, opener) {
  dialog.removeAttribute("open"); // not close(), which would fire a "close" event
  openers.set(dialog, opener);
  dialog.showModal();
}

function showRendered() {
  for (const dialog of document.querySelectorAll("dialog[data-modal][open]:not(:modal)")) {
    show(dialog, document.getElementById(dialog.dataset.opener) ?? document.activeElement);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-dialog-close]");
  const dialog = button?.closest("dialog[open]");
  if (!dialog) return;
  event.preventDefault(); // without script it is a link back to the page
  dialog.close();
});

function outside(dialog) {
  return document.activeElement === document.body || dialog.contains(document.activeElement);
}

// "close" does not bubble, so this listens in the capture phase.
document.addEventListener("close", (event) => {
  const opener = openers.get(event.target);
  if (opener?.isConnected && !event.target.open && outside(event.target)) opener.focus();
}, true);

document.addEventListener("htmx:after:swap", showRendered);
showRendered();
