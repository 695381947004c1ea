// Finds the pictures that are left out: a mail shows only pictures that stand on a web server, by their address.

const PICTURES = new Set(["img", "svg", "picture", "v:imagedata"]);

export function isPicture(element, styles) {
  if (!PICTURES.has(element.localName)) return false;
  const image = element.localName === "picture" ? element.querySelector("img") ?? element : element;
  return !isDot(image, styles.of(image)) && image.getAttribute("aria-roledescription") !== "checkbox"; // of a list in Google Docs
}

// A picture of one pixel counts who reads.
const isDot = (image, style) =>
  ["width", "height"].every((side) => Number.parseFloat(style.get(side) ?? image.getAttribute(side) ?? "100") <= 1);

export const showsBackground = (element, style) =>
  element.hasAttribute("background") || /\burl\(/.test(style.get("background") ?? style.get("background-image") ?? "");
