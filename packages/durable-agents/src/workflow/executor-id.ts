import { ConfigurationError } from '../errors.ts';

/**
 * Ids are keys of a run's state: names such as "constructor" would be found there unasked.
 *
 * @throws ConfigurationError `invalidExecutorId`
 */
export function checkExecutorId(id: unknown): string {
  const valid = typeof id === 'string' && id.trim() !== '' && id.length <= 128 && !/[~\p{Cc}]/u.test(id) && !(id in {});
  if (valid) return id as string;
  throw new ConfigurationError('invalidExecutorId', `executor id ${JSON.stringify(id)} is not valid.`, {
    fix: 'Use 1 to 128 characters, without "~" and control characters, and no name that every object has.',
  });
}
