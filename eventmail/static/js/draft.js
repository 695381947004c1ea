// What was typed in the last moment before the page is left is saved on the way out (D5).

let typed = false; // since the last save began

document.addEventListener("input", ({ target }) => {
  if (target.form?.id === "composer") typed = true;
});

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement.closest?.("#draft")) typed = false;
});

// A save that got no answer is tried again with the next letter, when the network is back, or on the way out.
document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  if (!ctx?.sourceElement.closest?.("#draft") || ctx.response) return;
  typed = true;
  const line = document.querySelector("#draft p");
  if (line) line.textContent = "Not saved: eventmail could not be reached";
});

addEventListener("beforeunload", () => { // pagehide comes after the next page was read
  const url = typed && document.getElementById("draft")?.getAttribute("hx-post");
  if (!url) return;
  typed = false;
  const headers = { "HX-Request": "true", "HX-Request-Type": "partial", Accept: "text/html" };
  fetch(url, { method: "POST", headers, body: new FormData(document.getElementById("composer")), keepalive: true });
});
