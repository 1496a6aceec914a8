import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { RedisCommands } from '../../src/stream/redis-client.ts';

/** Why there is no Redis to test against; `undefined` if there is one. */
export function redisMissing(): string | undefined {
  const { error } = spawnSync('redis-server', ['--version']);
  return error === undefined ? undefined : 'There is no redis-server on the path: install one to run these tests.';
}

/** A Redis server of its own, on a socket file and no port. */
export class RedisServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'redis-'));
  readonly #process: ChildProcess;
  readonly #clients: RedisClient[] = [];

  constructor() {
    const options = ['--port', '0', '--unixsocket', this.#socket, '--save', '', '--dir', this.#folder];
    this.#process = spawn('redis-server', options, { stdio: 'ignore' });
  }

  get #socket(): string {
    return join(this.#folder, 's');
  }

  async connect(): Promise<RedisClient> {
    for (let tries = 0; ; tries++) {
      try {
        const socket = createConnection(this.#socket);
        await once(socket, 'connect');
        const client = new RedisClient(socket);
        this.#clients.push(client);
        return client;
      } catch (error) {
        if (tries === 200) throw error;
        await pause(25);
      }
    }
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.end();
    this.#process.kill();
    await once(this.#process, 'exit');
    rmSync(this.#folder, { recursive: true });
  }
}

type Reply = string | number | null | Reply[];

/** The least of a Redis client: commands in a pipeline, replies of protocol 2. */
export class RedisClient implements RedisCommands {
  readonly #socket: Socket;
  readonly #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = [];
  readonly commands: string[] = [];
  #received = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('The connection is closed.')));
  }

  sendCommand(args: string[]): Promise<Reply> {
    this.commands.push(args[0] ?? '');
    if (this.#socket.destroyed) return Promise.reject(new Error('The connection is closed.'));
    const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
    this.#socket.write(`*${args.length}\r\n${parts.join('')}`);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  end(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (let parsed = parse(this.#received, 0); parsed !== undefined; parsed = parse(this.#received, 0)) {
      this.#received = this.#received.subarray(parsed.end);
      const waiting = this.#waiting.shift();
      if (parsed.value instanceof Error) waiting?.reject(parsed.value);
      else waiting?.resolve(parsed.value);
    }
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

function parse(data: Buffer, start: number): { value: Reply | Error; end: number } | undefined {
  const lineEnd = data.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  const line = data.toString('utf8', start + 1, lineEnd);
  const after = lineEnd + 2;
  switch (data.toString('latin1', start, start + 1)) {
    case '+':
      return { value: line, end: after };
    case '-':
      return { value: new Error(line), end: after };
    case ':':
      return { value: Number(line), end: after };
    case '$': {
      const length = Number(line);
      if (length < 0) return { value: null, end: after };
      if (data.length < after + length + 2) return undefined;
      return { value: data.toString('utf8', after, after + length), end: after + length + 2 };
    }
    default: {
      const items: Reply[] = [];
      let end = after;
      for (let index = 0; index < Number(line); index++) {
        const item = parse(data, end);
        if (item === undefined) return undefined;
        items.push(item.value as Reply);
        end = item.end;
      }
      return { value: items, end };
    }
  }
}
