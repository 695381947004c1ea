// Moves the focus, once, to the element with data-focus: the warning after a refused form.
// Messages in #problems announce themselves, and a poll may bring them, so they never take the focus.

function moveFocus() {
  const target = [...document.querySelectorAll("[data-focus]")].find((element) => !element.closest("#problems"));
  if (!target) return;
  target.removeAttribute("data-focus");
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:after:swap", moveFocus);
moveFocus();
