// <details id="…"> stays as somebody opened or closed it when a fragment replaces it. One with data-insists was opened by
// the server for a reason, and stays open.

const wanted = new Map(); // id -> open

document.addEventListener("click", (event) => {
  const details = event.target.closest?.("summary")?.parentElement;
  if (details?.id) wanted.set(details.id, !details.open); // a key press is a click, too; the click comes before the change
});

document.addEventListener("htmx:after:swap", () => {
  for (const [id, open] of wanted) {
    const details = document.getElementById(id);
    if (details?.hasAttribute("data-insists")) wanted.delete(id);
    else if (details && details.open !== open) details.open = open;
  }
});
