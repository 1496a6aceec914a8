/**
 * Reads a time span as the Functions host does: `hh:mm:ss`, `hh:mm`, with days before (`d.hh:mm:ss`) and a fraction of a
 * second behind. Without days, a first number above 23 counts days: `25:00:00` is 25 days, as .NET reads it.
 *
 * @returns milliseconds; `undefined` when the text has another form
 */
export function parseTimeSpan(text: string): number | undefined {
  const match = /^(?:(\d{1,8})\.)?(\d{1,8}):(\d{1,2})(?::(\d{1,2})(\.\d{1,7})?)?$/.exec(text.trim());
  if (match === null) {
    return undefined;
  }
  const [, days, first = '', second = '', third, fraction] = match;
  const isDays = days === undefined && Number(first) > 23 && fraction === undefined;
  const [day, hour, minute, seconds] = isDays
    ? [Number(first), Number(second), Number(third ?? 0), 0]
    : [Number(days ?? 0), Number(first), Number(second), Number(third ?? 0) + Number(fraction ?? 0)];
  if (hour > 23 || minute > 59 || seconds >= 60) {
    return undefined;
  }
  return Math.round((((day * 24 + hour) * 60 + minute) * 60 + seconds) * 1_000);
}

/** Writes milliseconds as `[d.]hh:mm:ss[.fff]`. */
export function formatTimeSpan(ms: number): string {
  const whole = Math.floor(ms / 1_000);
  const parts = [Math.floor(whole / 3_600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  const days = Math.floor(whole / 86_400);
  const rest = Math.round(ms - whole * 1_000);
  const time = parts.map((part) => String(part).padStart(2, '0')).join(':');
  return `${days > 0 ? `${days}.` : ''}${time}${rest > 0 ? `.${String(rest).padStart(3, '0')}` : ''}`;
}
