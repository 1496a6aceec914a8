import { ConfigurationError } from '../errors.ts';
import type { FreshVersion } from '../state/entity-state.ts';
import { expirySettings } from './expiry-settings.ts';
import { keepWhatFits, type RetentionPolicy } from './retention.ts';
import type { ExternalHistory } from './retention-external.ts';
import { checkMaxStateBytes, defaultMaxStateBytes } from './retention-settle.ts';
import type { KeepingSettings } from './session-keeping.ts';

/** How sessions are kept; for the whole app, or for one agent, whose own options count first. */
export interface SessionOptions {
  /** How long a session is kept after its last answer, in milliseconds; `null`: for ever. Default: 14 days. */
  ttlMs?: number | null | undefined;
  /** Largest state of a session, in bytes; at least 65,536. Default: 1,048,576, the most that the scheduler takes. */
  maxStateBytes?: number | undefined;
  /** What is kept of a conversation. Default: `keepWhatFits()`. */
  retention?: RetentionPolicy | undefined;
  /** What the model sees of what is kept. Default: all of it. */
  context?: RetentionPolicy | undefined;
  /** Keeps the conversations outside of the sessions. `retention` then has nothing to decide. Default: within. */
  history?: ExternalHistory | undefined;
  /** Sessions of schema 2: how long results are kept, in milliseconds; `null`: for ever. Default: 60,000. */
  resultRetentionMs?: number | null | undefined;
}

export interface AppSessionOptions extends SessionOptions {
  /** Shortest time from now to the next look at a session's deadline, in milliseconds. Default and most: 300,000. */
  minCheckDelayMs?: number | undefined;
  /** Schema version of new sessions; those that are there keep theirs. Default: `1.1.0`, which all runtimes read. */
  schemaVersion?: FreshVersion | undefined;
}

/** @throws ConfigurationError `invalidOption` */
export function keepingSettings(app: AppSessionOptions = {}, agent: SessionOptions = {}): KeepingSettings {
  const { schemaVersion: freshVersion = '1.1.0' } = app;
  if (freshVersion !== '1.1.0' && freshVersion !== '2.0.0') {
    throw new ConfigurationError('invalidOption', `schemaVersion must be "1.1.0" or "2.0.0", not "${freshVersion}".`);
  }
  const resultRetentionMs = agent.resultRetentionMs !== undefined ? agent.resultRetentionMs : app.resultRetentionMs;
  if (typeof resultRetentionMs === 'number' && !(Number.isInteger(resultRetentionMs) && resultRetentionMs > 0)) {
    const message = `resultRetentionMs must be a whole number of at least 1, or null, not ${resultRetentionMs}.`;
    throw new ConfigurationError('invalidOption', message);
  }
  return {
    freshVersion,
    resultRetentionMs,
    expiry: expirySettings(app, agent),
    maxStateBytes: checkMaxStateBytes(agent.maxStateBytes ?? app.maxStateBytes ?? defaultMaxStateBytes),
    retention: agent.retention ?? app.retention ?? keepWhatFits(),
    context: agent.context ?? app.context,
    history: agent.history ?? app.history,
  };
}
