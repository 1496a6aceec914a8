import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LocalHost } from '../../src/host.ts';

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; undefined if there is none. */
  json: Json;
}

/** What came over HTTP; tests say what they expect of it. */
export type Json = { [name: string]: Json } & Json[];

export interface Call {
  body?: unknown;
  headers?: Record<string, string>;
}

/** The app in `./app` on a local host of its own, driven over HTTP only. One a test file: a process has one app. */
export class DurableHost {
  readonly host: LocalHost;
  /** Base of the durable HTTP API, without a slash at its end. */
  readonly base: string;

  private constructor(host: LocalHost) {
    this.host = host;
    this.base = `${host.url}/runtime/webhooks/durabletask`;
  }

  /** It is stopped, and its data is deleted, when the tests of the file have ended. */
  static async start(): Promise<DurableHost> {
    const dataDirectory = mkdtempSync(join(tmpdir(), 'durable-api-'));
    const appDirectory = fileURLToPath(new URL('./app', import.meta.url));
    const host = await LocalHost.start({ appDirectory, dataDirectory, port: 0 });
    after(async () => {
      await host.stop(1_000);
      rmSync(dataDirectory, { recursive: true, force: true });
    });
    return new DurableHost(host);
  }

  /** Calls the durable HTTP API. A body that is no text is sent as JSON. */
  call(method: string, path: string, call: Call = {}): Promise<Reply> {
    return request(method, `${this.base}/${path}`, call);
  }

  /** Calls a method of the real durable client, inside the app. @throws Error what the client threw */
  async client(method: string, ...args: unknown[]): Promise<Json> {
    return this.#client(method, '', args);
  }

  /** The same, with a client that has no loopback address. */
  async publicClient(method: string, ...args: unknown[]): Promise<Json> {
    return this.#client(method, '?urls=public', args);
  }

  async #client(method: string, query: string, args: unknown[]): Promise<Json> {
    const { json, text } = await request('POST', `${this.host.url}/api/client/${method}${query}`, { body: args });
    assert.ok(json, text);
    if (json.error !== undefined) throw new Error(String(json.error));
    return json.result!;
  }

  async start(name: string, id: string, input?: unknown): Promise<void> {
    const body = JSON.stringify(input);
    const reply = await this.call('POST', `orchestrators/${name}/${encodeURIComponent(id)}`, { body });
    assert.equal(reply.status, 202, reply.text);
  }

  /** Polls until the instance is in one of the states; by default until it has ended. */
  async reaches(id: string, ...states: string[]): Promise<Json> {
    const wanted = states.length > 0 ? states : ['Completed', 'Failed', 'Terminated'];
    return eventually(`${id} to be ${wanted.join(' or ')}`, async () => {
      const { json } = await this.call('GET', `instances/${encodeURIComponent(id)}`);
      return json && wanted.includes(String(json.runtimeStatus)) ? json : undefined;
    });
  }

  /** Polls until the instance's custom status is there. */
  async tells(id: string): Promise<Json> {
    return eventually(`the custom status of ${id}`, async () => {
      const { json } = await this.call('GET', `instances/${encodeURIComponent(id)}`);
      return json?.customStatus ?? undefined;
    });
  }
}

export async function request(method: string, url: string, { body, headers = {} }: Call = {}): Promise<Reply> {
  const isText = typeof body === 'string';
  const reply = await fetch(url, {
    method,
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
    headers: { ...(body !== undefined && !isText && { 'content-type': 'application/json' }), ...headers },
  });
  const text = await reply.text();
  const isJson = /json/.test(reply.headers.get('content-type') ?? '');
  return { status: reply.status, headers: reply.headers, text, json: (isJson ? JSON.parse(text) : undefined) as Json };
}

/** Asks until the answer is there; fails naming what never came. */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    assert.ok(Date.now() < deadline, `waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
