// What follows the typing waits for the answer before it. htmx reads the form when the wait begins; here it tells what
// the form says when the wait ends, so that a button pressed meanwhile is not undone.

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (!ctx.sourceElement.matches?.("#live, #draft")) return;
  ctx.request.body = new URLSearchParams(new FormData(document.getElementById("composer")));
});

// While the whole page is asked for, nothing can be typed that its answer would take away.
const asked = new Set(); // a second press replaces the request of the first
let focused = null;

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const composer = document.getElementById("composer");
  if (!composer || ctx.target?.id !== "main") return;
  if (!asked.size) focused = document.activeElement;
  asked.add(ctx);
  composer.inert = true;
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const composer = document.getElementById("composer");
  if (!asked.delete(ctx) || !composer) return;
  composer.inert = asked.size > 0;
  if (!asked.size && document.activeElement === document.body && focused?.isConnected) focused.focus();
});
