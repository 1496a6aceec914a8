import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const flags = ['--conditions=durable-source', '--disable-warning=ExperimentalWarning', '--enable-source-maps'];

/** Model settings that no test may take from the machine it runs on. */
const noModel = {
  AZURE_OPENAI_ENDPOINT: '',
  AZURE_OPENAI_DEPLOYMENT_NAME: '',
  OPENAI_BASE_URL: '',
  OPENAI_MODEL: '',
  OPENAI_API_KEY: '',
};

/** The local host as a process of its own, on a free port, as `npm start` runs it. */
export class HostProcess {
  readonly url: string;
  readonly #child: ChildProcess;
  #output = '';

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
  }

  static async start(options: {
    data: string;
    env?: Record<string, string>;
    args?: string[];
    app?: string;
  }): Promise<HostProcess> {
    const cli = join(root, 'packages/local-host/src/cli.ts');
    const args = [
      'start',
      '--app',
      options.app ?? root,
      '--port',
      '0',
      '--data',
      options.data,
      ...(options.args ?? []),
    ];
    const child = spawn(process.execPath, [...flags, cli, ...args], {
      env: { ...process.env, ...noModel, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const url = await new Promise<string>((resolve, reject) => {
      child.once('message', (message: { url: string }) => resolve(message.url));
      child.once('exit', (code) => reject(new Error(`The host ended with code ${code}: ${errors}`)));
    });
    return new HostProcess(child, url);
  }

  get output(): string {
    return this.#output;
  }

  /** SIGKILL: nothing of the process gets to clean up. */
  async kill(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** Ctrl-C; resolves to the exit code. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGINT');
    const [code] = (await ended) as [number | null];
    return code;
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return fetch(this.url + path, {
      method: 'POST',
      body: text,
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  async run(
    agent: string,
    body: unknown,
  ): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
    const reply = await this.post(`/api/agents/${agent}/run`, body);
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown>, headers: reply.headers };
  }

  /** The stored document of a session. */
  async session(agent: string, key: string): Promise<SessionDocument | undefined> {
    const path = `/runtime/webhooks/durabletask/entities/dafx-${agent.toLowerCase()}/${encodeURIComponent(key)}`;
    const reply = await fetch(this.url + path);
    return reply.status === 404 ? undefined : ((await reply.json()) as SessionDocument);
  }

  async instance(id: string, query = ''): Promise<InstanceStatus | undefined> {
    const reply = await fetch(`${this.url}/runtime/webhooks/durabletask/instances/${id}${query}`);
    return reply.status === 404 ? undefined : ((await reply.json()) as InstanceStatus);
  }
}

export interface SessionDocument {
  schemaVersion: string;
  data: {
    conversationHistory: {
      $type: string;
      correlationId: string;
      messages: { role: string; contents: { $type: string; text?: string }[] }[];
    }[];
  };
}

export interface InstanceStatus {
  runtimeStatus: string;
  output: unknown;
  historyEvents?: { EventType: string; FunctionName?: string }[];
}

/** A folder that is gone when the test is. */
export function temporaryFolder(t: { after(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'durable-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Asks until the answer is there; fails naming what never came. */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined>, timeoutMs = 20_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`Waited too long for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
