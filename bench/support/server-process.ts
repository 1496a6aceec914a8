import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildHost } from '../../scripts/build-host.mjs';
import { hostEnvironment, hostFlags, nodeFlags as sourceFlags } from '../../scripts/setup.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const benchApp = fileURLToPath(new URL('../app', import.meta.url));
const floor = fileURLToPath(new URL('../floor.ts', import.meta.url));

/** The host as `npm start` runs it; built once, and outside of what is measured. */
const hostFile = await buildHost();

/** Model settings that must not come from the machine. */
const noModel = { AZURE_OPENAI_ENDPOINT: '', AZURE_OPENAI_DEPLOYMENT_NAME: '', OPENAI_BASE_URL: '', OPENAI_MODEL: '' };

export interface HostOptions {
  data: string;
  /** Default: the benchmarks' own app. */
  app?: string;
  env?: Record<string, string>;
  /** More flags for node, such as those of the profiler. */
  nodeFlags?: readonly string[];
}

/** A server as a process of its own; it says over IPC where it listens. */
export class ServerProcess {
  readonly url: string;
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
    this.pid = child.pid!;
  }

  /** The local host, as `npm start` runs it. */
  static host({ data, app = benchApp, env = {}, nodeFlags = [] }: HostOptions): Promise<ServerProcess> {
    const args = [...hostFlags, ...nodeFlags, hostFile, 'start', '--app', app, '--port', '0', '--data', data];
    return ServerProcess.#spawn(args, { ...noModel, ...env });
  }

  static floor(data: string): Promise<ServerProcess> {
    return ServerProcess.#spawn([...sourceFlags, floor, data], {});
  }

  static async #spawn(args: readonly string[], env: Record<string, string>): Promise<ServerProcess> {
    const child = spawn(process.execPath, args, {
      env: { ...hostEnvironment, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const url = await new Promise<string>((resolve, reject) => {
      child.once('message', (message: { url: string }) => resolve(message.url));
      child.once('exit', (code) => reject(new Error(`The server ended with code ${code}: ${errors}`)));
    });
    return new ServerProcess(child, url.replace('localhost', '127.0.0.1'));
  }

  /** Resident memory, in MB. */
  residentMb(): number {
    if (process.platform === 'linux') {
      const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
      return Number(kilobytes) / 1024;
    }
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(this.pid)], { encoding: 'utf8' })) / 1024;
  }

  /** Processor time it has used so far, in ms; NaN where the system does not say. */
  processorMs(): number {
    if (process.platform !== 'linux') return Number.NaN;
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    const ticksASecond = 100;
    return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksASecond;
  }

  /** SIGKILL: nothing of the process gets to clean up. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  stop(): Promise<void> {
    return this.#end('SIGINT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }
}
