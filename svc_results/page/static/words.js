// The page's language: texts, numbers and times.

const messages = JSON.parse(document.getElementById("messages").textContent);
const language = document.documentElement.lang;
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(language, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const shares = new Intl.NumberFormat(language, {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const minutes = new Intl.DateTimeFormat(language, {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const days = new Intl.DateTimeFormat(language, { day: "numeric", month: "long" });
const clock = new Intl.DateTimeFormat(language, { timeStyle: "medium", hourCycle: "h23" });

/** The message for `key`, with each {name} replaced by the value of that name. */
export function phrase(key, values = {}) {
  return messages[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Where the page of a vote's receipt is. */
export const receiptOf = (id) => `/receipts/${id}?lang=${language}`;

export const count = (number) => whole.format(number);
export const decimal = (number) => tenths.format(number);
/** A part of one as a percentage. */
export const percent = (part) => shares.format(part);

/** Votes per second: small ones with a decimal, unknown ones as a dash. */
export const speed = (rate) =>
  rate === null ? "–" : (rate > 0 && rate < 9.95 ? tenths : whole).format(rate);
export const time = (moment) => clock.format(new Date(moment));
export const minute = (moment) => minutes.format(new Date(moment));
export const day = (moment) => days.format(new Date(moment));
export const routeName = (route) => ({ grpc: "gRPC", http: "HTTP" })[route];
