// What somebody opened stays open while the page around it is brought up to date.

document.addEventListener("htmx:before:morph:attr", (event) => {
  if (event.detail.attrName === "open" && event.target.matches("details")) event.preventDefault();
});
