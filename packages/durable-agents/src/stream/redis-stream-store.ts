import type { AgentSessionId } from '../ids.ts';
import type { RedisCommands } from './redis-client.ts';
import { entryFields, idAfter, isBefore, isEntryId, readEntries } from './redis-entry.ts';
import { type Attempt, defaultStreamTtlMs, keyText, type StreamStore, type TurnKey } from './stream-store.ts';
import { type Page, tail } from './tail.ts';
import type { ResetEvent, StreamedEvent, TurnEvent } from './turn-event.ts';
import { Wakeups } from './wakeups.ts';

export interface RedisStreamStoreOptions {
  /** A connected client. The store never closes it. */
  client: RedisCommands;
  /** How long a stream is kept after its last event, in milliseconds. Default: 600,000. */
  ttlMs?: number | undefined;
  /** About how many events of one stream are kept; beyond them its oldest go. Default: 20,000. */
  maxEvents?: number | undefined;
  /** Longest pause of a reader between two looks at an idle stream, in milliseconds. Default: 80. */
  maxPollMs?: number | undefined;
  /** Start of all keys. Default: `agent-stream:`, as in the official samples. */
  keyPrefix?: string | undefined;
}

type Cursor = { after: string | undefined; checked: boolean };

const pageSize = 100;

/**
 * Streams in Redis Streams, for any number of machines. Readers poll with short commands, so one connection can serve
 * all of them and everything else.
 */
export class RedisStreamStore implements StreamStore {
  readonly #client: RedisCommands;
  readonly #ttlMs: number;
  readonly #maxEvents: number;
  readonly #maxPollMs: number;
  readonly #prefix: string;
  readonly #wakeups = new Wakeups();

  constructor(options: RedisStreamStoreOptions) {
    this.#client = options.client;
    this.#ttlMs = options.ttlMs ?? defaultStreamTtlMs;
    this.#maxEvents = options.maxEvents ?? 20_000;
    this.#maxPollMs = options.maxPollMs ?? 80;
    this.#prefix = options.keyPrefix ?? 'agent-stream:';
  }

  async open(key: TurnKey): Promise<void> {
    const { sessionId, correlationId } = key;
    const index = this.#indexName(sessionId);
    await this.#all([
      ['HSETNX', this.#attemptsName(key), '', '0'],
      ['SADD', index, correlationId],
    ]);
    await this.#all([this.#expiry(this.#attemptsName(key)), this.#expiry(index)]);
  }

  async exists(key: TurnKey): Promise<boolean> {
    const counts = await this.#all([
      ['EXISTS', this.#streamName(key)],
      ['EXISTS', this.#attemptsName(key)],
    ]);
    return counts.some((count) => Number(count) > 0);
  }

  async beginAttempt(key: TurnKey, step: string): Promise<Attempt> {
    await this.open(key);
    const name = this.#attemptsName(key);
    // The field without a name counts all attempts; the others count those of a step.
    const [attempt, ofStep] = await this.#all([
      ['HINCRBY', name, '', '1'],
      ['HINCRBY', name, step, '1'],
    ]);
    return { attempt: Number(attempt), again: Number(ofStep) > 1 };
  }

  async append(key: TurnKey, events: readonly TurnEvent[]): Promise<void> {
    const name = this.#streamName(key);
    const limit = ['MAXLEN', '~', String(this.#maxEvents)];
    await this.#all([
      ...events.map((event) => ['XADD', name, ...limit, '*', ...entryFields(event)]),
      this.#expiry(name),
      this.#expiry(this.#attemptsName(key)),
      this.#expiry(this.#indexName(key.sessionId)),
    ]);
    this.#wakeups.wake(keyText(key));
  }

  read(key: TurnKey, afterId: string | undefined, signal: AbortSignal): AsyncIterable<StreamedEvent> {
    return tail<Cursor>({
      next: (cursor) => this.#page(key, cursor),
      start: { after: afterId, checked: false },
      wakeups: this.#wakeups,
      topic: keyText(key),
      signal,
      pauseMs: (idleLooks) => Math.min(10 * 2 ** Math.min(idleLooks, 10), this.#maxPollMs),
    });
  }

  async delete(key: TurnKey): Promise<void> {
    await this.#all([
      ['DEL', this.#streamName(key)],
      ['DEL', this.#attemptsName(key)],
      ['SREM', this.#indexName(key.sessionId), key.correlationId],
    ]);
  }

  async deleteSession(sessionId: AgentSessionId): Promise<void> {
    const members = (await this.#client.sendCommand(['SMEMBERS', this.#indexName(sessionId)])) as Iterable<unknown>;
    for (const member of members) await this.delete({ sessionId, correlationId: String(member) });
  }

  async close(): Promise<void> {
    this.#wakeups.close();
  }

  async #page(key: TurnKey, cursor: Cursor): Promise<Page<Cursor>> {
    if (!cursor.checked) return this.#start(key, cursor);
    const from = cursor.after === undefined ? '-' : idAfter(cursor.after);
    const { entries, lastId } = await this.#range(key, from, pageSize);
    return { events: entries, cursor: { after: lastId ?? cursor.after, checked: true } };
  }

  /** The first look tells whether the reader's place is one that the stream still has. */
  async #start(key: TurnKey, cursor: Cursor): Promise<Page<Cursor>> {
    const [oldest] = (await this.#range(key, '-', 1)).entries;
    if (oldest === undefined) return { events: [], cursor };
    const { after } = cursor;
    if (after === undefined) {
      const isWhole = oldest.event.sequence === 1;
      return isWhole ? this.#page(key, { after, checked: true }) : fromStart('trimmed');
    }
    if (!isEntryId(after)) return fromStart('unknownCursor');
    if (isBefore(after, oldest.id)) return fromStart('trimmed');
    const known = readEntries(await this.#client.sendCommand(['XRANGE', this.#streamName(key), after, after]));
    if (known.lastId === undefined) return fromStart('unknownCursor');
    const page = await this.#page(key, { after, checked: true });
    return { ...page, ended: page.events.length === 0 && known.entries[0]?.event.type === 'done' };
  }

  async #range(key: TurnKey, from: string, count: number) {
    const reply = await this.#client.sendCommand(['XRANGE', this.#streamName(key), from, '+', 'COUNT', String(count)]);
    return readEntries(reply);
  }

  /** Commands sent at once; the client's pipeline keeps their order. */
  #all(commands: string[][]): Promise<unknown[]> {
    return Promise.all(commands.map((command) => this.#client.sendCommand(command)));
  }

  #expiry(name: string): string[] {
    return ['PEXPIRE', name, String(this.#ttlMs)];
  }

  #streamName({ sessionId, correlationId }: TurnKey): string {
    return `${this.#prefix}${sessionId}:${correlationId}`;
  }

  #attemptsName(key: TurnKey): string {
    return `${this.#prefix}attempts:${key.sessionId}:${key.correlationId}`;
  }

  #indexName(sessionId: AgentSessionId): string {
    return `${this.#prefix}turns:${sessionId}`;
  }
}

function fromStart(reason: ResetEvent['reason']): Page<Cursor> {
  return { events: [{ event: { type: 'reset', reason } }], cursor: { after: undefined, checked: true } };
}
