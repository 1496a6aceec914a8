import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

type Reply = string | number | null | Error | Reply[];

const program = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'redis-server'))
  .find(existsSync);

/** Why tests with a real Redis are not run here; `false` if they are. */
export const noRedis = program === undefined ? 'There is no redis-server on this machine.' : false;

/** A Redis server of its own for a test, and one connection to it. */
export class RedisServer {
  readonly #process: ChildProcess;
  readonly #socket: Socket;
  readonly #folder: string;
  readonly #waiting: ((reply: Reply) => void)[] = [];
  #received = Buffer.alloc(0);

  private constructor(process: ChildProcess, socket: Socket, folder: string) {
    this.#process = process;
    this.#socket = socket;
    this.#folder = folder;
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      for (let parsed = parse(this.#received, 0); parsed !== undefined; parsed = parse(this.#received, 0)) {
        this.#received = this.#received.subarray(parsed.end);
        this.#waiting.shift()?.(parsed.reply);
      }
    });
  }

  static async start(): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'redis-'));
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
    const server = spawn(program ?? 'redis-server', args, { stdio: 'ignore' });
    return new RedisServer(server, await connected(port, server), folder);
  }

  async sendCommand(args: string[]): Promise<unknown> {
    const reply = await new Promise<Reply>((resolve) => {
      this.#waiting.push(resolve);
      const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
      this.#socket.write(`*${args.length}\r\n${parts.join('')}`);
    });
    if (reply instanceof Error) throw reply;
    return reply;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#socket.destroy();
    this.#process.kill();
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function connected(port: number, server: ChildProcess): Promise<Socket> {
  while (server.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return socket;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('redis-server ended before it could be used.');
}

/** One reply of the protocol, if it is complete. */
function parse(bytes: Buffer, start: number): { reply: Reply; end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString('utf8', start + 1, lineEnd);
  const next = lineEnd + 2;
  switch (bytes.toString('latin1', start, start + 1)) {
    case ':':
      return { reply: Number(line), end: next };
    case '-':
      return { reply: new Error(line), end: next };
    case '$': {
      const length = Number(line);
      if (length < 0) return { reply: null, end: next };
      if (bytes.length < next + length + 2) return undefined;
      return { reply: bytes.toString('utf8', next, next + length), end: next + length + 2 };
    }
    case '*': {
      const items: Reply[] = [];
      let end = next;
      for (let index = 0; index < Number(line); index++) {
        const item = parse(bytes, end);
        if (item === undefined) return undefined;
        items.push(item.reply);
        end = item.end;
      }
      return { reply: items, end };
    }
    default:
      return { reply: line, end: next };
  }
}
