// Gives each <time datetime="…Z"> a tooltip with the same instant in the viewer's own zone.

const format = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function nameTimes() {
  for (const time of document.querySelectorAll("time[datetime$='Z']:not([title])")) {
    const instant = new Date(time.dateTime);
    if (!Number.isNaN(instant.valueOf())) time.title = `Your time: ${format.format(instant)} (${zone})`;
  }
}

document.addEventListener("htmx:after:swap", nameTimes);
nameTimes();
