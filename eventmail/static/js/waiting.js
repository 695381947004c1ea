// What follows the typing waits for the answer before it. htmx reads the form when the wait begins; here it tells what
// the form says when the wait ends, so that a button pressed meanwhile is not undone.

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (!ctx.sourceElement.matches?.("#live, #draft")) return;
  ctx.request.body = new URLSearchParams(new FormData(document.getElementById("composer")));
});
