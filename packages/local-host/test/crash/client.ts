import assert from 'node:assert/strict';
import type { SupervisedHost } from './supervised-host.ts';

const api = '/runtime/webhooks/durabletask';
const timeoutMs = 30_000;

export interface Reply {
  status: number;
  body: unknown;
}

export interface Ended {
  runtimeStatus: string;
  output: unknown;
  customStatus: unknown;
  /** How many history events of each type there are. */
  events: Record<string, number>;
}

interface Status extends Ended {
  historyEvents?: { EventType: string }[];
}

/**
 * A client that lives through the host's crashes. What was acknowledged must stay true; a request whose connection was
 * cut may have been taken or not, and `undefined` says so.
 */
export class Client {
  readonly #host: SupervisedHost;
  readonly #accepted = new Set<string>();

  constructor(host: SupervisedHost) {
    this.#host = host;
  }

  async request(method: string, path: string, body?: unknown): Promise<Reply | undefined> {
    const { url, host } = await this.#host.current();
    try {
      const reply = await fetch(url + path, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      const text = await reply.text();
      return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) };
    } catch (error) {
      await this.#host.death(host, error);
      return undefined;
    }
  }

  /** Starts an instance, again if need be, until it is known to be stored. */
  async start(name: string, id: string, input: unknown): Promise<void> {
    for (;;) {
      const reply = await this.postStart(name, id, input);
      if (reply !== undefined) {
        assert.equal(reply.status, 202, `the start of ${id}: ${JSON.stringify(reply.body)}`);
        return;
      }
      // The start may have been stored before its answer was cut off.
      if ((await this.instance(id)) !== undefined) return;
    }
  }

  /** One start; an answer of 202 is remembered as a promise. */
  async postStart(name: string, id: string, input: unknown): Promise<Reply | undefined> {
    const reply = await this.request('POST', `${api}/orchestrators/${name}/${id}`, input);
    if (reply?.status === 202) this.#accepted.add(id);
    return reply;
  }

  /** @throws AssertionError if an instance is gone whose start was acknowledged */
  async instance(id: string, query = ''): Promise<Status | undefined> {
    const { status, body } = await this.until(() => this.request('GET', `${api}/instances/${id}${query}`));
    if (status !== 404) {
      this.#accepted.add(id);
      return body as Status;
    }
    assert.ok(!this.#accepted.has(id), `${id} was acknowledged and is gone`);
    return undefined;
  }

  async ended(id: string): Promise<Ended> {
    await this.eventually(`the end of ${id}`, async () => {
      const status = await this.instance(id);
      const final = /^(Completed|Failed|Terminated)$/.test(status?.runtimeStatus ?? '');
      return final ? true : undefined;
    });
    const {
      runtimeStatus,
      output,
      customStatus,
      historyEvents = [],
    } = (await this.instance(id, '?showHistory=true')) as Status;
    const events: Record<string, number> = {};
    for (const { EventType: type } of historyEvents) events[type] = (events[type] ?? 0) + 1;
    return { runtimeStatus, output, customStatus, events };
  }

  /** @returns the answer's status, or undefined if nobody knows */
  async raise(id: string, name: string, data: unknown): Promise<number | undefined> {
    return (await this.request('POST', `${api}/instances/${id}/raiseEvent/${name}`, data))?.status;
  }

  /** @returns whether it was acknowledged */
  async signal(entity: string, key: string, operation: string, input: unknown): Promise<boolean> {
    const reply = await this.request('POST', `${api}/entities/${entity}/${key}?op=${operation}`, input);
    if (reply !== undefined) assert.equal(reply.status, 202, `the signal to ${entity} ${key}`);
    return reply !== undefined;
  }

  /** Sends again until there is an answer. */
  async until<T>(send: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      const answer = await send();
      if (answer !== undefined) return answer;
    }
  }

  async entity<T>(name: string, key: string): Promise<T | undefined> {
    const { status, body } = await this.until(() => this.request('GET', `${api}/entities/${name}/${key}`));
    return status === 404 ? undefined : (body as T);
  }

  /** Asks until the answer is there; fails naming what never came. */
  async eventually<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const value = await probe();
      if (value !== undefined) return value;
      assert.ok(Date.now() < deadline, `waited too long for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
