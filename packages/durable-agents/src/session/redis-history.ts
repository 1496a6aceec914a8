import { DurableAgentError } from '../errors.ts';
import type { AgentSessionId } from '../ids.ts';
import type { HistoryProvider, StoredTurn } from './history-provider.ts';
import { readStoredTurn, writeStoredTurn } from './stored-turn-json.ts';

/** What is used of a Redis client. `redis` (node-redis) has it; for ioredis: `(args) => client.call(...args)`. */
export interface RedisCommands {
  /** Sends one command; texts come back as texts, a missing value as `null`. */
  sendCommand(args: string[]): Promise<unknown>;
}

export interface RedisHistoryOptions {
  client: RedisCommands;
  /** Stable name of the store; a session is bound to it. Default: `redis`. */
  key?: string | undefined;
  /** Begins the names of the Redis keys. Default: `durable-agents:history:`. */
  prefix?: string | undefined;
  /**
   * How long Redis keeps a session after its last turn, in milliseconds. Must be longer than the session's own time to
   * live. Default: until the session is deleted.
   */
  ttlMs?: number | undefined;
}

/** Turns that are asked for in one command. */
const batchSize = 200;

/** Keeps histories in Redis: a hash for each session, a field for each turn. Each write is one command. */
export class RedisHistory implements HistoryProvider {
  readonly key: string;
  readonly #client: RedisCommands;
  readonly #prefix: string;
  readonly #ttlMs: number | undefined;

  constructor({ client, key = 'redis', prefix = 'durable-agents:history:', ttlMs }: RedisHistoryOptions) {
    this.#client = client;
    this.key = key;
    this.#prefix = prefix;
    this.#ttlMs = ttlMs;
  }

  /** @throws DurableAgentError `historyUnavailable`; StateError `invalidHistory`. */
  async load(sessionId: AgentSessionId, from: number, to: number): Promise<StoredTurn[]> {
    const turns: StoredTurn[] = [];
    for (let start = from; start < to; start += batchSize) {
      const fields = Array.from({ length: Math.min(batchSize, to - start) }, (_, index) => String(start + index));
      const values = await this.#send('HMGET', this.#name(sessionId), ...fields);
      if (!Array.isArray(values)) throw unavailable('HMGET');
      for (const value of values) if (value !== null && value !== undefined) turns.push(readStoredTurn(String(value)));
    }
    return turns;
  }

  /** @throws DurableAgentError `historyUnavailable` */
  async append(sessionId: AgentSessionId, turn: StoredTurn): Promise<void> {
    const name = this.#name(sessionId);
    await this.#send('HSET', name, String(turn.sequence), writeStoredTurn(turn));
    if (this.#ttlMs !== undefined) await this.#send('PEXPIRE', name, String(this.#ttlMs));
  }

  /** @throws DurableAgentError `historyUnavailable` */
  async delete(sessionId: AgentSessionId): Promise<void> {
    await this.#send('DEL', this.#name(sessionId));
  }

  #name(sessionId: AgentSessionId): string {
    return `${this.#prefix}${sessionId}`;
  }

  async #send(...args: string[]): Promise<unknown> {
    try {
      return await this.#client.sendCommand(args);
    } catch (cause) {
      throw unavailable(args[0], cause);
    }
  }
}

function unavailable(command: string | undefined, cause?: unknown): DurableAgentError {
  return new DurableAgentError('historyUnavailable', `The history store did not do ${command}.`, {
    fix: 'Look at the cause; Redis may be down or not set up.',
    cause,
  });
}
