// On a narrow screen the navigation is a row that scrolls: begin where the current page is.

const current = document.querySelector(".nav [aria-current=page]");
const row = current?.closest("ul");
if (row && row.scrollWidth > row.clientWidth) {
  row.scrollLeft = current.offsetLeft - row.offsetLeft - (row.clientWidth - current.offsetWidth) / 2;
}
