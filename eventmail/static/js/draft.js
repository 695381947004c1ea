// Saves the last typed words when somebody leaves the page (D5).

let typed = false; // since the last save began

document.addEventListener("input", ({ target }) => {
  if (target.form?.id === "composer") typed = true;
});

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement.closest?.("#draft")) typed = false;
});

// A save without an answer is tried again with the next letter, when the network is back, or on leaving.
document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  if (!ctx?.sourceElement.closest?.("#draft") || ctx.response) return;
  typed = true;
  const line = document.querySelector("#draft p");
  if (line) line.textContent = "Not saved: eventmail could not be reached";
});

addEventListener("beforeunload", () => { // pagehide comes only after the next page was fetched
  const url = typed && document.getElementById("draft")?.getAttribute("hx-post");
  if (!url) return;
  typed = false;
  const headers = { "HX-Request": "true", "HX-Request-Type": "partial", Accept: "text/html" };
  fetch(url, { method: "POST", headers, body: new FormData(document.getElementById("composer")), keepalive: true });
});
