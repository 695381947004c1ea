// Saves the last typed words when somebody leaves the page (D5).

const KEPT = "draft"; // in sessionStorage: what a page sent while it was left
const FRESH = 10_000; // ms; an older one has long been saved, or refused
let typed = false; // since the last save began
let saving = false; // a save is under way, which leaving the page would cut short
let leaving = false; // one of the ways out of a conflict was pressed

const composer = () => document.getElementById("composer");
const draft = () => document.getElementById("draft");

function say(words) {
  typed = true;
  const line = draft()?.querySelector("p");
  if (line) line.textContent = words;
}

document.addEventListener("input", ({ target }) => {
  if (target.form?.id === "composer") typed = true;
});

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (!ctx.sourceElement.closest?.("#draft")) return;
  typed = false;
  saving = true;
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement.closest?.("#draft")) saving = false;
});

// A save without an answer is tried again with the next letter, when the network is back, or on leaving.
document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  if (ctx?.sourceElement.closest?.("#draft") && !ctx.response) say("Not saved: eventmail could not be reached");
});

document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx?.sourceElement.closest?.("#draft") && ctx.response?.status >= 400) say("Not saved, see above.");
});

document.addEventListener("click", ({ target }) => {
  if (target.closest('[data-test$="-conflict"]')) leaving = true;
});

// A browser may keep nothing.
function keeping(use) {
  try {
    return use(sessionStorage);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return null;
  }
}

addEventListener("beforeunload", (event) => { // pagehide comes only after the next page was fetched
  if (draft()?.querySelector("p.error") && !leaving) event.preventDefault(); // the text is on this page alone
  const url = (typed || saving) && draft()?.getAttribute("hx-post");
  if (!url) return;
  typed = false;
  const headers = { "HX-Request": "true", "HX-Request-Type": "partial", Accept: "text/html" };
  const body = new FormData(composer());
  fetch(url, { method: "POST", headers, body, keepalive: true });
  const fields = [...body].filter(([name]) => ["subject", "preheader", "body", "name", "page_mark"].includes(name));
  keeping((storage) => storage.setItem(KEPT, JSON.stringify({ path: location.pathname, at: Date.now(), fields })));
});

// A page that is reloaded before its last words were saved shows them all the same, and goes on as that very page.
const isReload = performance.getEntriesByType("navigation")[0]?.type === "reload";
const kept = JSON.parse(keeping((storage) => storage.getItem(KEPT)) ?? "null");
keeping((storage) => storage.removeItem(KEPT));
if (isReload && kept?.path === location.pathname && Date.now() - kept.at < FRESH && composer()) {
  for (const [name, value] of kept.fields) {
    const field = composer().elements[name];
    if (!field || field.value === value) continue;
    field.value = value;
    if (name !== "page_mark") field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
