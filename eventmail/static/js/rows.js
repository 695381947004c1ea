// <form data-rows>: a table whose rows can be ticked. Space ticks, Shift ticks a range, the arrows move, Escape unticks
// all. Without script the boxes work alone.

let anchor = null; // the box that was ticked last, where a range begins

function boxes() {
  return [...document.querySelectorAll("[data-rows] tbody [name=guests]")];
}

function tell() {
  const line = document.querySelector("[data-rows-count]");
  if (!line) return;
  const list = boxes();
  const ticked = list.filter((box) => box.checked).length;
  const everybody = document.querySelector("[data-rows-all]");
  line.dataset.usual ??= line.textContent;
  const words = everybody.checked
    ? "Everybody who matches will be changed, on every page."
    : ticked ? `${ticked} ${ticked === 1 ? "guest" : "guests"} ticked` : line.dataset.usual;
  if (line.textContent !== words) line.textContent = words;
  const page = document.querySelector("[data-rows-page]");
  page.hidden = false;
  page.checked = ticked === list.length;
  page.indeterminate = ticked > 0 && ticked < list.length;
}

function upTo(box, checked) {
  const list = boxes();
  const ends = [list.indexOf(anchor), list.indexOf(box)];
  if (ends.includes(-1)) return;
  for (const between of list.slice(Math.min(...ends), Math.max(...ends) + 1)) between.checked = checked;
}

function isRow(element) {
  return element.matches?.("[data-rows] tbody [name=guests]");
}

document.addEventListener("click", (event) => {
  if (event.target.matches?.("[data-rows-page]")) {
    for (const box of boxes()) box.checked = event.target.checked;
  } else if (isRow(event.target)) {
    if (event.shiftKey) upTo(event.target, event.target.checked);
    anchor = event.target;
  } else if (!event.target.matches?.("[data-rows-all]")) return;
  tell();
});

document.addEventListener("keydown", (event) => {
  const box = event.target;
  if (!isRow(box) || event.altKey || event.ctrlKey || event.metaKey) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const next = boxes()[boxes().indexOf(box) + step];
    if (next && event.shiftKey) {
      if (!anchor?.isConnected || !box.checked) anchor = box;
      upTo(next, true);
    }
    next?.focus();
  } else if (event.key === " " && event.shiftKey) {
    box.checked = !box.checked;
    upTo(box, box.checked);
    anchor = box;
  } else if (event.key === "Escape") {
    for (const other of boxes()) other.checked = false;
    anchor = null;
  } else return;
  event.preventDefault();
  tell();
});

document.addEventListener("htmx:after:swap", tell);
tell();
