// A button with formtarget opens a new tab, so the browser submits its form, even where htmx would.

document.addEventListener("submit", (event) => {
  if (event.submitter?.hasAttribute("formtarget")) event.stopImmediatePropagation();
}, true);
