/** UUIDs of version 7 without hyphens: the first 48 bits are the milliseconds since 1970. */
const version7 = /^([0-9a-f]{12})7[0-9a-f]{3}[89ab][0-9a-f]{15}$/i;

/** When a correlation id was made, in milliseconds since 1970; `undefined` for ids that do not say. */
export function issuedAt(correlationId: string): number | undefined {
  const [, time] = version7.exec(correlationId) ?? [];
  return time === undefined ? undefined : Number.parseInt(time, 16);
}
