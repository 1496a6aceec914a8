import { ConfigurationError } from '../errors.ts';

/** @throws ConfigurationError `invalidExecutorId` */
export function checkExecutorId(id: unknown): string {
  const valid = typeof id === 'string' && id.trim() !== '' && id.length <= 128 && !/[~\p{Cc}]/u.test(id);
  if (valid) return id as string;
  throw new ConfigurationError('invalidExecutorId', `executor id ${JSON.stringify(id)} is not valid.`, {
    fix: 'Use 1 to 128 characters, without "~" and control characters.',
  });
}
