// What somebody opened or closed stays so while the page around it is brought up to date: <details id="…">.

const wanted = new Map(); // id -> open

document.addEventListener("click", (event) => {
  const details = event.target.closest?.("summary")?.parentElement;
  if (details?.id) wanted.set(details.id, !details.open); // a key press is a click, too, and comes before the change
});

document.addEventListener("htmx:after:swap", () => {
  for (const [id, open] of wanted) {
    const details = document.getElementById(id);
    if (details && details.open !== open) details.open = open;
  }
});
