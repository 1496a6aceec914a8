import { StateError } from '../errors.ts';
import { parseLosslessJson } from '../state/lossless-json.ts';
import { isObject } from '../state/stored-fields.ts';
import type { StoredTurn } from './history-provider.ts';

/** A turn as text, for stores that keep texts. */
export function writeStoredTurn(turn: StoredTurn): string {
  return JSON.stringify(turn);
}

/** @throws StateError `invalidHistory` */
export function readStoredTurn(text: string): StoredTurn {
  let turn: unknown;
  try {
    turn = parseLosslessJson(text);
  } catch (cause) {
    throw invalid(cause);
  }
  if (!isObject(turn)) throw invalid();
  const { sequence, correlationId, entries } = turn;
  if (!Number.isSafeInteger(sequence) || typeof correlationId !== 'string') throw invalid();
  if (!Array.isArray(entries) || !entries.every(isObject)) throw invalid();
  return turn as unknown as StoredTurn;
}

function invalid(cause?: unknown): StateError {
  return new StateError('invalidHistory', 'A turn in the history store cannot be read.', {
    fix: 'Restore the store from a backup, or reset the session. Nothing was changed.',
    cause,
  });
}
