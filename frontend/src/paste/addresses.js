// Decides which addresses of a paste stay. Only what is known to be harmless does; our server decides again.

import { clean, FIELD } from "../characters.js";

const WHOLE_FIELD = new RegExp(`^(?:${FIELD.source})$`);
const NAMED_FIELD = /^\{[a-z]+\.[^{}|\n]+(?:\|[^{}\n]*)?\}$/i;
const ENCODED_FIELD = /%7B((?:[^%{}]|%(?!7[BD]))+)%7D/gi;
const SCHEME = /^(?:https?:\/\/[^\s/?#]|mailto:\S|tel:[+\d(])/i;

// Whether a text is one merge field as `characters.js` knows it.
export const isField = (text) => WHOLE_FIELD.test(text) && text.startsWith("{") && /\p{L}/u.test(text) && clean(text) === text;

// Returns the address that a link of a paste leads to, or null when it may lead nowhere.
export function linkAddress(written) {
  const address = direct(plain(written));
  return address !== null && (isOfField(address) || (SCHEME.test(address) && isWhole(address))) ? address : null;
}

// Returns the address of a picture of ours, or null.
export function pictureAddress(written) {
  const address = linkAddress(written);
  return address !== null && /^(?:https?:|\{)/i.test(address) ? address : null;
}

// Whoever hides control characters in an address means no good.
function plain(written) {
  const address = written.trim();
  if (clean(address) !== address || /[\x00-\x1f]/.test(address)) return null;
  return address.replace(ENCODED_FIELD, (encoded) => {
    const field = decoded(encoded);
    return isField(field) && NAMED_FIELD.test(field) ? field : encoded;
  });
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// An address that begins with a merge field; what stands in for an empty one has to be an address itself.
function isOfField(address) {
  const field = /^\{[^{}]*\}/.exec(address)?.[0] ?? "";
  if (!isField(field) || !NAMED_FIELD.test(field) || !/^(?:[/?#&]|$)/.test(address.slice(field.length))) return false;
  const [, fallback = ""] = field.slice(1, -1).split("|");
  return !fallback.includes(":") || SCHEME.test(fallback.trim());
}

const isWhole = (address) => !/^http/i.test(address) || parsed(address) !== null;

function parsed(address) {
  try {
    return new URL(address.replace(/\{[^{}]*\}/g, "x"));
  } catch {
    return null;
  }
}

// Google Docs and Outlook lead every link over their own servers.
function direct(address) {
  const url = address === null || !/^https?:/i.test(address) ? null : parsed(address);
  if (!url) return address;
  const { hostname, pathname, searchParams } = url;
  const wrapped =
    /^(?:www\.)?google\.[a-z.]{2,6}$/.test(hostname) && pathname === "/url" ? searchParams.get("q") ?? searchParams.get("url")
    : hostname.endsWith(".safelinks.protection.outlook.com") ? searchParams.get("url")
    : null;
  return wrapped === null ? address : plain(wrapped);
}
