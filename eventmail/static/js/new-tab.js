// A button with formtarget opens a tab of its own, so its form is left to the browser, also where htmx sends it.

document.addEventListener("submit", (event) => {
  if (event.submitter?.hasAttribute("formtarget")) event.stopImmediatePropagation();
}, true);
