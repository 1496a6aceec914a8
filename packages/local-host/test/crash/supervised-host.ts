import assert from 'node:assert/strict';
import { type Crash, countByKey, readEffects } from './effects.ts';
import { type CaseFolder, HostProcess } from './host-process.ts';
import { storedWork } from './stored-work.ts';

/**
 * A host that is started again each time it dies, as a supervisor would, and the record of its deaths. The fail points
 * are for its first processes, in order; when they are used up it runs without one.
 */
export class SupervisedHost {
  readonly folder: CaseFolder;
  readonly crashes: Crash[] = [];
  readonly #failPoints: string[];
  readonly #options: { count?: boolean };
  readonly #ended: Promise<void>;
  #host!: HostProcess;
  #stopping = false;
  #over = false;

  constructor(folder: CaseFolder, failPoints: readonly string[], options: { count?: boolean } = {}) {
    this.folder = folder;
    this.#failPoints = [...failPoints];
    this.#options = options;
    this.#ended = this.#run().finally(() => {
      this.#over = true;
    });
    // Reported to whoever asks for the host or stops it.
    this.#ended.catch(() => undefined);
  }

  get commits(): HostProcess['commits'] {
    return this.#host.commits;
  }

  /** The process that runs now, or the next one that gets as far as to listen. */
  async current(): Promise<{ url: string; host: HostProcess }> {
    for (;;) {
      const host = this.#host;
      const url = await host.url;
      if (url !== undefined && host === this.#host) return { url, host };
      await Promise.race([this.#replaced(host), this.#ended]);
    }
  }

  /** Waits for the end of a process that has just cut a connection. @throws the error if it lives on */
  async death(host: HostProcess, error: unknown): Promise<void> {
    const alive = new Promise<never>((_, reject) => setTimeout(() => reject(error), 10_000).unref());
    await Promise.race([host.exited, alive]);
    await Promise.race([this.#replaced(host), this.#ended]);
  }

  /** Kills what runs, for good. @throws if a process ended in another way than by a fail point */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#host.kill();
    await this.#ended;
  }

  async #run(): Promise<void> {
    for (;;) {
      const crashAt = this.#failPoints.shift();
      this.#host = new HostProcess(this.folder, { ...this.#options, ...(crashAt !== undefined && { crashAt }) });
      const { code, signal } = await this.#host.exited;
      if (this.#stopping) return;
      assert.ok(
        signal === 'SIGKILL' && crashAt !== undefined,
        `the host ended by itself with code ${code}, signal ${signal}: ${this.#host.errors}`,
      );
      const { keys, messages } = storedWork(this.folder.data);
      const effects = countByKey(readEffects(this.folder.effects));
      this.crashes.push({ keys, messages: messages.length, effects });
    }
  }

  async #replaced(host: HostProcess): Promise<void> {
    await host.exited;
    while (host === this.#host && !this.#over) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
