import type { TurnEvent } from './turn-event.ts';

/**
 * An entry's fields. `text`, `sequence`, `timestamp`, `done` and `error` are those of the official streaming samples,
 * so that their readers understand our streams; `event` is the whole.
 */
export function entryFields(event: TurnEvent): string[] {
  const fields = ['sequence', String(event.sequence), 'timestamp', String(event.at)];
  if (event.type === 'textDelta') fields.push('text', event.text);
  if (event.type === 'done') {
    fields.push('done', 'true');
    if (event.outcome === 'failed') fields.push('error', event.error.message);
  }
  return [...fields, 'event', JSON.stringify(event)];
}

export interface RedisEntry {
  id: string;
  event: TurnEvent;
}

/** The entries in a reply to XRANGE; what others wrote into the stream is left out. */
export function readEntries(reply: unknown): { entries: RedisEntry[]; lastId: string | undefined } {
  const entries: RedisEntry[] = [];
  let lastId: string | undefined;
  for (const [rawId, fields] of reply as [unknown, unknown[]][]) {
    lastId = String(rawId);
    const place = fields.findIndex((field, index) => index % 2 === 0 && String(field) === 'event');
    if (place >= 0) entries.push({ id: lastId, event: JSON.parse(String(fields[place + 1])) as TurnEvent });
  }
  return { entries, lastId };
}

/** Whether a text is an entry id. */
export function isEntryId(id: string): boolean {
  return /^\d{1,18}-\d{1,18}$/.test(id);
}

/** The smallest id after `id`. Exclusive ranges would do, but servers before 6.2 have none. */
export function idAfter(id: string): string {
  const [time, number] = id.split('-') as [string, string];
  return `${time}-${BigInt(number) + 1n}`;
}

/** Whether `left` comes before `right`. */
export function isBefore(left: string, right: string): boolean {
  const [leftTime, leftNumber] = left.split('-').map(BigInt) as [bigint, bigint];
  const [rightTime, rightNumber] = right.split('-').map(BigInt) as [bigint, bigint];
  return leftTime < rightTime || (leftTime === rightTime && leftNumber < rightNumber);
}
