import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommitKind } from '../../src/store/commit-kind.ts';

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const app = fileURLToPath(new URL('./app', import.meta.url));
const counting = new URL('./count-commits.ts', import.meta.url).href;

/** The folder of one case: what the host stores, and what its activities did to the world. */
export interface CaseFolder {
  data: string;
  effects: string;
}

export function caseFolder(folder: string): CaseFolder {
  return { data: join(folder, 'data'), effects: join(folder, 'effects.jsonl') };
}

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

/** The local host as a process of its own, on a free port. */
export class HostProcess {
  /** Where it listens; undefined if it ended before it was ready. */
  readonly url: Promise<string | undefined>;
  readonly exited: Promise<Exit>;
  /** How many commits of each kind it has made, if it was asked to count. */
  readonly commits = new Map<CommitKind, number>();
  readonly #child: ChildProcess;
  #errors = '';

  /** @param crashAt fail point to die at @param count reports its commits; costs a message each */
  constructor(folder: CaseFolder, options: { crashAt?: string; count?: boolean } = {}) {
    const flags = ['--conditions=durable-source', '--disable-warning=ExperimentalWarning'];
    if (options.count) flags.push('--import', counting);
    const args = [cli, 'start', '--app', app, '--port', '0', '--data', folder.data];
    this.#child = spawn(process.execPath, [...flags, ...args], {
      env: { ...process.env, EFFECTS_FILE: folder.effects, DURABLE_CRASH_AT: options.crashAt ?? '' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
    this.exited = once(this.#child, 'exit').then(([code, signal]) => ({ code, signal }) as Exit);
    const ready = new Promise<string>((resolve) => {
      this.#child.on('message', (message: { type: string; url: string; kind: CommitKind }) => {
        if (message.type === 'ready') resolve(message.url);
        else if (message.type === 'commit') this.commits.set(message.kind, (this.commits.get(message.kind) ?? 0) + 1);
      });
    });
    this.url = Promise.race([ready, this.exited.then(() => undefined)]);
  }

  /** What it wrote to its error output. */
  get errors(): string {
    return this.#errors;
  }

  /** Ctrl-C: it ends its work and its files in order. */
  async stop(): Promise<void> {
    this.#child.kill('SIGINT');
    await this.exited;
  }

  /** SIGKILL: nothing of the process gets to clean up. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}
