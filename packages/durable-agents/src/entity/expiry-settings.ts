import { ConfigurationError } from '../errors.ts';

/** When a session that nobody uses is deleted. */
export interface ExpirySettings {
  /** Milliseconds after the last answer; `null`: never. */
  ttlMs: number | null;
  /** Shortest time from now to a check, in milliseconds. */
  minCheckDelayMs: number;
}

export interface ExpiryOptions {
  /** How long a session is kept after its last answer, in milliseconds; `null`: for ever. Default: 14 days. */
  ttlMs?: number | null | undefined;
  /** Shortest time from now to the next look, in milliseconds, at most 5 minutes. Default: 5 minutes. */
  minCheckDelayMs?: number | undefined;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const defaultTtlMs = 14 * dayMs;
const longestTtlMs = 100 * 365 * dayMs;
const longestDelayMs = 5 * minuteMs;

/**
 * The settings of an agent: its own where it has them, else the app's, else the defaults.
 *
 * @throws ConfigurationError `invalidOption`
 */
export function expirySettings(app: ExpiryOptions, agent: Pick<ExpiryOptions, 'ttlMs'> = {}): ExpirySettings {
  const { minCheckDelayMs = longestDelayMs } = app;
  // Not `??`: an agent's null means never, whatever the app says.
  const ttlMs = agent.ttlMs !== undefined ? agent.ttlMs : app.ttlMs !== undefined ? app.ttlMs : defaultTtlMs;
  return {
    ttlMs: ttlMs === null ? null : wholeNumber('ttlMs', ttlMs, longestTtlMs),
    minCheckDelayMs: wholeNumber('minCheckDelayMs', minCheckDelayMs, longestDelayMs),
  };
}

function wholeNumber(name: string, value: number, max: number): number {
  if (Number.isInteger(value) && value > 0 && value <= max) return value;
  throw new ConfigurationError('invalidOption', `${name} must be a whole number from 1 to ${max}, not ${value}.`, {
    fix: 'Give it in milliseconds.',
  });
}
