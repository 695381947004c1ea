// A body is shown as the server rendered it. The editor (frontend/src) is loaded as soon as somebody moves: a page that is
// only looked at does without. Those who write Markdown keep the textarea.

const KEY = "editor"; // in localStorage: "source" or "write"
const CHANGES = ["input", "htmx:after:swap"];
const MOVES = ["pointermove", "pointerdown", "focusin", "keydown"];

// What the textarea is written in. A browser may keep nothing; then the choice holds for this page.
const preference = {
  source: kept() === "source",
  remember(mode) {
    this.source = mode === "source";
    try {
      localStorage.setItem(KEY, mode);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  },
};

function kept() {
  try {
    return localStorage.getItem(KEY);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return null;
  }
}

let isLoading = false;
let pressed = null; // where somebody pressed before the editor was there
const still = () => document.querySelectorAll("[data-editor]:has(.still)");

function show() {
  for (const element of still()) {
    const { value, defaultValue } = element.querySelector("textarea");
    const isShown = value === defaultValue && element.querySelector(".still").childElementCount > 0;
    const writes = isShown && !preference.source;
    element.toggleAttribute("data-writing", writes);
    for (const button of element.querySelectorAll("[data-mode]")) {
      button.setAttribute("aria-pressed", String((button.dataset.mode === "write") === writes));
    }
  }
}

async function load() {
  if (isLoading || !document.querySelector("[data-editor] textarea:enabled")) return;
  isLoading = true;
  for (const kind of MOVES) document.removeEventListener(kind, load);
  let editor;
  try {
    editor = await import(document.querySelector("[data-editor]").dataset.script);
  } catch {
    return missing(); // no network, or another version of eventmail by now
  }
  for (const kind of CHANGES) document.removeEventListener(kind, show);
  editor.begin(preference, pressed);
}

function missing() {
  preference.source = true;
  show();
  for (const element of still()) {
    const notice = element.querySelector("[data-editor-notice]");
    notice.textContent = "The editor could not be loaded, so the text is shown as Markdown. Nothing is lost. Reload the page to try again.";
    notice.hidden = false;
  }
}

document.addEventListener("click", ({ target, clientX, clientY }) => {
  const textarea = target.closest?.(".still")?.closest("[data-editor]").querySelector("textarea:enabled");
  if (!textarea) return;
  pressed = { left: clientX, top: clientY };
  textarea.focus();
});

// What is typed before the editor is there goes to the end of the text, and is shown there as Markdown.
document.addEventListener("focusin", ({ target }) => {
  if (target.closest("[data-editor][data-writing]:has(.still)") && target.matches("textarea")) {
    target.setSelectionRange(target.value.length, target.value.length);
  }
});

for (const kind of MOVES) document.addEventListener(kind, load);
for (const kind of CHANGES) document.addEventListener(kind, show);
show();
