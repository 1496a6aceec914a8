import { RequestError } from '../errors.ts';
import { checkSessionKey, type SessionKey } from '../ids.ts';
import { readFlag } from './flag.ts';

/** The fields of one source, the query or the body; each name with all its values. */
export interface FieldSource {
  name: 'query' | 'body';
  values(field: string): unknown[];
}

const sessionNames = ['sessionId', 'session_id', 'thread_id'];
const waitNames = ['waitForResponse', 'wait_for_response'];
const oldNames = ['session_id', 'thread_id', 'wait_for_response'];

/** Whether a request used a name that is on its way out. */
export function usesOldNames(sources: readonly FieldSource[]): boolean {
  return sources.some((source) => oldNames.some((name) => source.values(name).length > 0));
}

/**
 * The session that a request names, under any of its names, in query or body. Blank counts as absent.
 *
 * @throws RequestError 400: `sessionConflict` if the names disagree, `invalidSessionId`.
 */
export function readSession(sources: readonly FieldSource[]): SessionKey | undefined {
  const keys = new Set<string>();
  for (const source of sources) {
    for (const name of sessionNames) {
      for (const value of source.values(name)) {
        if (value === null) continue;
        if (typeof value !== 'string') throw new RequestError('invalidSessionId', 400, `${name} must be a text.`);
        if (value.trim() !== '') keys.add(value);
      }
    }
  }
  if (keys.size > 1) {
    const names = sessionNames.join(', ');
    throw new RequestError('sessionConflict', 400, `The request names more than one session: ${names} must be equal.`);
  }
  const [key] = keys;
  return key === undefined ? undefined : checkSessionKey(key);
}

/**
 * Whether the caller wants to wait: the header counts first, then the query, then the body; waiting is the default.
 *
 * @throws RequestError 400: `waitConflict` if the two spellings in one source disagree, `invalidBoolean`.
 */
export function readWait(header: string | null, sources: readonly FieldSource[]): boolean {
  const answers = [readFlag(header, 'The header x-ms-wait-for-response'), ...sources.map(readSourceWait)];
  return answers.find((answer) => answer !== undefined) ?? true;
}

function readSourceWait(source: FieldSource): boolean | undefined {
  const flags = new Set<boolean>();
  for (const name of waitNames) {
    for (const value of source.values(name)) {
      const flag = readFlag(value, `${name} in the ${source.name}`);
      if (flag !== undefined) flags.add(flag);
    }
  }
  if (flags.size > 1) {
    const message = `${waitNames.join(' and ')} in the ${source.name} disagree; send one of them.`;
    throw new RequestError('waitConflict', 400, message);
  }
  const [flag] = flags;
  return flag;
}
