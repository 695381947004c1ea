// Reads a JSON list of calendar files from standard input and writes what ical.js finds in each.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const files = JSON.parse(readFileSync(0, "utf8"));

function instant(time) {
  return time.isDate ? time.toString() : time.toUnixTime();
}

function entry(text) {
  ICAL.TimezoneService.reset(); // else it keeps the first zone that it met under a name
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(zone);
  }
  const [found, ...more] = calendar.getAllSubcomponents("vevent");
  const value = (name) => found.getFirstPropertyValue(name);
  return {
    more: more.length,
    method: calendar.getFirstPropertyValue("method"),
    starts: instant(value("dtstart")),
    ends: instant(value("dtend")),
    title: value("summary"),
    location: value("location") ?? "",
    description: value("description") ?? "",
    alarms: found.getAllSubcomponents("valarm").map((alarm) => alarm.getFirstPropertyValue("trigger").toSeconds()),
  };
}

process.stdout.write(JSON.stringify(files.map(entry)));
