// Knows what was copied from our own editor. Any page may write the same elements, so each is looked at as if it had.

import { clean } from "../characters.js";
import { isField, linkAddress, pictureAddress } from "./addresses.js";

const LANGUAGE = /^[\w+#.-]*$/;

// Returns the merge field that an element is, or null when it is none or says something else.
export function token(element) {
  const written = element.dataset.token;
  const isAlone = !element.firstChild || (element.firstChild === element.lastChild && element.firstChild.nodeType === Node.TEXT_NODE);
  return isAlone && isField(written) && ["", written].includes(element.textContent.trim()) ? written : null;
}

// Returns a picture of ours, or null when it may not be shown.
export function picture({ dataset }) {
  const src = pictureAddress(dataset.src ?? "");
  return src === null ? null : { picture: "", src, alt: clean(dataset.alt ?? ""), title: clean(dataset.title ?? "") };
}

// Returns the button or calendar links that an element is, or what is left of a button that leads nowhere; or null.
export function ownBlock({ localName, dataset }) {
  if (localName !== "div") return null;
  if (dataset.kind === "calendar-links") return { tag: "div", kind: "calendar-links" };
  const label = dataset.kind === "button" ? clean(dataset.label ?? "").trim() : "";
  if (!label) return null;
  const href = linkAddress(dataset.href ?? "");
  return href === null ? { tag: "p", lines: [[{ text: label, marks: {} }]] } : { tag: "div", kind: "button", href, label };
}

// Returns the source that a block of ours keeps out of sight. It is shown as code: who pastes has to see it.
export const ownSource = ({ dataset }) => ("raw" in dataset ? dataset.source ?? "" : "");

export const languageOf = (written) => (LANGUAGE.test(written ?? "") ? written ?? "" : "");
