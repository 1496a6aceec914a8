import { randomBytes } from 'node:crypto';
import { RequestError } from '../errors.ts';

/** Why these: they have a meaning in URLs and entity ids; `::` parts the ids of sub-workflows. */
const forbidden = /[/\\#?%\p{Cc}\p{Surrogate}]|^@|::|^\.{1,2}$/u;

export function newRunId(): string {
  return randomBytes(16).toString('hex');
}

/** @throws RequestError `invalidRunId` (400) */
export function checkRunId(id: string): string {
  if (isRunId(id)) return id;
  const rule = 'A run id has 1 to 100 characters, does not begin with "@", and has none of / \\ # ? % and no "::".';
  throw new RequestError('invalidRunId', 400, rule, { fix: 'Use letters, digits and hyphens, or leave it out.' });
}

/** Whether a caller can have started a run with this id; those of sub-workflows are others. */
export function isRunId(id: string): boolean {
  return id.trim() !== '' && id.length <= 100 && !forbidden.test(id) && !/^dafx-[0-9a-f]{32}$/.test(id);
}
