import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const execArgv = ['--conditions=durable-source', '--disable-warning=ExperimentalWarning'];

/** What the check-status response of an app holds. */
export type Links = Record<'id' | 'statusQueryGetUri' | 'sendEventPostUri' | 'terminatePostUri', string>;

export interface Status {
  runtimeStatus: string;
  customStatus: unknown;
  output: unknown;
  historyEvents?: { EventType: string }[];
}

/** A Functions app in a local host of its own process, reached over HTTP only. */
export class SampleApp {
  /** Address of the host, without a slash at its end. */
  url = '';
  readonly #folder: string;
  readonly #strict: boolean;
  readonly #data = mkdtempSync(join(tmpdir(), 'sample-'));
  #child: ChildProcess | undefined;

  constructor(folder: string, strict: boolean) {
    this.#folder = folder;
    this.#strict = strict;
  }

  async start(): Promise<void> {
    const args = ['start', '--app', this.#folder, '--port', '0', '--data', this.#data];
    if (this.#strict) args.push('--strict');
    const child = fork(cli, args, { execArgv, silent: true });
    this.#child = child;
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.stdout?.resume();
    this.url = await new Promise((resolve, reject) => {
      child.once('message', (message: { url: string }) => resolve(message.url));
      child.once('exit', (code) => reject(new Error(`The host ended with code ${code}: ${errors}`)));
    });
  }

  /** As Ctrl-C does. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      const [code] = (await ended) as [number | null];
      assert.equal(code, 0, 'the host stops cleanly');
    }
    rmSync(this.#data, { recursive: true, force: true });
  }

  /** Calls an HTTP function of the app. A body that is no text is sent as JSON. */
  fetch(method: string, path: string, body?: unknown): Promise<Response> {
    return send(method, `${this.url}/api/${path}`, body);
  }

  /** Calls an HTTP function that starts an orchestration. */
  async begin(path: string, body?: unknown): Promise<Links> {
    const reply = await this.fetch('POST', path, body);
    assert.equal(reply.status, 202, await reply.clone().text());
    const links = (await reply.json()) as Links;
    assert.equal(reply.headers.get('location'), links.statusQueryGetUri);
    return links;
  }
}

export function send(method: string, url: string, body?: unknown): Promise<Response> {
  if (body === undefined) return fetch(url, { method });
  if (typeof body === 'string') return fetch(url, { method, body });
  return fetch(url, { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
}

/** Asks at the status URL, as it was given, until there is what is looked for. */
export async function follow(
  links: Pick<Links, 'statusQueryGetUri'>,
  isThere: (status: Status) => boolean = ({ runtimeStatus }) => /Completed|Failed|Terminated/.test(runtimeStatus),
): Promise<Status> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const reply = await fetch(links.statusQueryGetUri);
    const status = (await reply.json()) as Status;
    assert.equal(reply.status, /Pending|Running|Suspended/.test(status.runtimeStatus) ? 202 : 200);
    if (isThere(status)) return status;
    assert.ok(Date.now() < deadline, `waited too long; the last status was ${JSON.stringify(status)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The output of an orchestration that has to complete. */
export async function outputOf(links: Pick<Links, 'statusQueryGetUri'>): Promise<unknown> {
  const { runtimeStatus, output } = await follow(links);
  assert.equal(runtimeStatus, 'Completed', JSON.stringify(output));
  return output;
}

/** Runs the tests against the app with live objects and with everything as JSON text, as Azure has it. */
export function inBothModes(name: string, define: (app: SampleApp) => void, folder = () => sampleFolder(name)): void {
  for (const strict of [false, true]) {
    describe(`${name}, ${strict ? 'strict' : 'live objects'}`, () => {
      const app = new SampleApp(folder(), strict);
      before(() => app.start());
      after(() => app.stop());
      define(app);
    });
  }
}

export function sampleFolder(name: string): string {
  return fileURLToPath(new URL(`./apps/${name}`, import.meta.url));
}
