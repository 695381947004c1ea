// #problems: each message gets a button that closes it, and a request without any answer adds a message.

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

// After a lost GET the next answer removes the message. After a lost POST, whose outcome is unknown, it stays.
document.addEventListener("htmx:after:request", () => {
  problems.querySelector("[data-no-answer=GET]")?.remove();
});

document.addEventListener("click", (event) => {
  event.target.closest?.("[data-dismiss]")?.closest(".notice")?.remove();
});
