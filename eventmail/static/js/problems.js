// What stands in #problems: every message there can be closed, and a request that got no answer at all says so.

const problems = document.getElementById("problems");

document.addEventListener("htmx:after:swap", () => {
  for (const message of problems.querySelectorAll(".notice-text:not(:has([data-dismiss]))")) {
    message.append(document.getElementById("dismiss").content.cloneNode(true));
  }
});

document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  if (!ctx || ctx.response) return;
  const message = document.getElementById("no-answer").content.firstElementChild.cloneNode(true);
  message.dataset.noAnswer = ctx.request.method;
  problems.replaceChildren(message);
});

// Reading works again: nothing is in doubt. After a lost POST the message stays until it is closed.
document.addEventListener("htmx:after:request", () => {
  problems.querySelector("[data-no-answer=GET]")?.remove();
});

document.addEventListener("click", (event) => {
  event.target.closest?.("[data-dismiss]")?.closest(".notice")?.remove();
});
