// <button data-copy="text"> copies the text and says so, on the button and to screen readers.

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain http on another box has no clipboard API.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("The browser refused to copy.");
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button || button.dataset.copied) return;
  const label = button.querySelector("[data-copy-label]") ?? button;
  const before = label.textContent;
  try {
    await copy(button.dataset.copy);
    label.textContent = "Copied";
  } catch {
    label.textContent = "Could not copy";
  }
  button.dataset.copied = "yes";
  document.getElementById("announce").textContent = label.textContent;
  setTimeout(() => {
    label.textContent = before;
    delete button.dataset.copied;
  }, 2000);
});
