// The page's language: texts, numbers and times.

const messages = JSON.parse(document.getElementById("messages").textContent);
const language = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(language, { timeStyle: "medium", hourCycle: "h23" });
const date = new Intl.DateTimeFormat(language, {
  dateStyle: "medium",
  timeStyle: "medium",
  hourCycle: "h23",
});
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(language, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

/** The message for `key`, with each {name} replaced by the value of that name. */
export function phrase(key, values = {}) {
  return messages[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** What a rule of the service says, in the page's language where that is known. */
export function reason(text) {
  const numbers = text.match(/\d+/g) ?? [];
  const known = messages[`reason: ${text}`] ?? messages[`reason: ${text.replace(/\d+/g, "{n}")}`];
  return known?.replaceAll("{n}", () => numbers.shift()) ?? text;
}

/** A poll's title in the page's language, or in the other one. */
export const title = (titles) => (language === "es" ? titles.es : titles.en);
export const otherTitle = (titles) => (language === "es" ? titles.en : titles.es);

export const count = (number) => whole.format(number);
export const decimal = (number) => (number < 99.95 ? tenths : whole).format(number);

/** A time of day, with the date unless it is today's. */
export function time(ms) {
  const moment = new Date(ms);
  const today = moment.toDateString() === new Date().toDateString();
  return (today ? clock : date).format(moment);
}

/** The time until then as mm:ss, h:mm:ss or with days; seconds are rounded up. */
export function span(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const [days, hours] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24];
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (days) {
    return `${count(days)} d ${two(hours)}:${rest}`;
  }
  return hours ? `${hours}:${rest}` : rest;
}

/** A time as the value of an input of the type datetime-local, in the browser's time zone. */
export function localValue(ms) {
  const moment = new Date(ms);
  return new Date(ms - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** The browser's time zone, as its name and its offset. */
export function zone() {
  const format = new Intl.DateTimeFormat(language, { timeZoneName: "shortOffset" });
  const offset = format.formatToParts().find((part) => part.type === "timeZoneName");
  return `${format.resolvedOptions().timeZone} (${offset.value})`;
}
