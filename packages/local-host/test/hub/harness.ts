import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppExecutor } from '../../src/durable/app-executor.ts';
import type { Instance } from '../../src/engine/instance.ts';
import { isFinal } from '../../src/engine/instance.ts';
import { loadApp } from '../../src/functions/app-loader.ts';
import type { FunctionsApp } from '../../src/functions/functions-app.ts';
import type { Clock } from '../../src/hub/executor.ts';
import { Hub } from '../../src/hub/hub.ts';
import type { HubPolicy } from '../../src/hub/hub-policy.ts';
import { silentLogger } from '../../src/log.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';

let loaded: Promise<FunctionsApp> | undefined;

/** The test app, loaded once a process: a Functions app cannot be unloaded. */
export function testApp(): Promise<FunctionsApp> {
  loaded ??= loadApp({ appDirectory: fileURLToPath(new URL('./app', import.meta.url)) });
  return loaded;
}

export class Harness {
  readonly folder = mkdtempSync(join(tmpdir(), 'hub-'));
  readonly #strict: boolean;
  readonly #clock: Clock | undefined;
  policy: HubPolicy;
  store!: SqliteStore;
  hub!: Hub;

  constructor(options: { strict?: boolean; clock?: Clock; policy?: HubPolicy } = {}) {
    this.policy = options.policy ?? {};
    this.#strict = options.strict ?? false;
    this.#clock = options.clock;
  }

  async start(): Promise<this> {
    this.store = SqliteStore.open(this.folder);
    this.hub = new Hub({
      store: this.store,
      executor: new AppExecutor(await testApp(), { strict: this.#strict }),
      logger: silentLogger,
      policy: this.policy,
      ...(this.#clock && { clock: this.#clock }),
    });
    this.hub.start();
    return this;
  }

  async stop(graceMs = 2_000): Promise<void> {
    await this.hub.stop(graceMs);
    this.store.close();
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async run(name: string, input?: unknown, instanceId?: string): Promise<Instance> {
    const id = await this.hub.startOrchestration({
      name,
      input: input === undefined ? null : JSON.stringify(input),
      ...(instanceId !== undefined && { instanceId }),
    });
    return this.end(id);
  }

  async end(id: string): Promise<Instance> {
    return until(() => {
      const instance = this.hub.instance(id);
      return instance !== undefined && isFinal(instance.status) ? instance : undefined;
    }, `instance ${id} to end`);
  }
}

/** Polls for something that must come; fails with its name if it does not. */
export async function until<T>(probe: () => T | undefined, what: string, timeoutMs = 10_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = probe();
    if (value !== undefined) return value;
    assert.ok(Date.now() < deadline, `waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
