import { randomBytes } from 'node:crypto';

/**
 * A place in a numbered log. `epoch` tells logs of the same name apart: one that was deleted and begun again, or that
 * another process has in its memory.
 */
export interface LogCursor {
  epoch: string | undefined;
  /** Number of the last event that was read; 0 at the beginning. */
  position: number;
}

export function newEpoch(): string {
  return randomBytes(6).toString('hex');
}

export function formatEventId(epoch: string, position: number): string {
  return `${epoch}-${position}`;
}

/** The cursor after an event id; of an id in another form, one that fits no log. */
export function parseEventId(id: string | undefined): LogCursor {
  if (id === undefined) return { epoch: undefined, position: 0 };
  const [, epoch = '?', position = '0'] = /^([0-9a-f]{12})-(\d{1,15})$/.exec(id) ?? [];
  return { epoch, position: Number(position) };
}
