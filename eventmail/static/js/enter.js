// Enter in a field with data-enter presses the button of that id, not the first button of its form.

document.addEventListener("keydown", (event) => {
  const name = event.key === "Enter" && !event.isComposing && event.target.dataset?.enter;
  if (!name) return;
  event.preventDefault();
  document.getElementById(name)?.click();
});
