import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppExecutor } from '../../src/durable/app-executor.ts';
import { GrpcExecutor } from '../../src/durable/grpc-executor.ts';
import { decodeEvent, type HistoryEvent } from '../../src/engine/history.ts';
import { type Instance, isFinal } from '../../src/engine/instance.ts';
import { loadApp } from '../../src/functions/app-loader.ts';
import type { FunctionsApp } from '../../src/functions/functions-app.ts';
import { Hub } from '../../src/hub/hub.ts';
import { silentLogger } from '../../src/log.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { until } from '../hub/harness.ts';

let loaded: Promise<FunctionsApp> | undefined;

/** A hub that runs the app with message triggers. */
export class GrpcHarness {
  readonly folder = mkdtempSync(join(tmpdir(), 'grpc-'));
  store!: SqliteStore;
  hub!: Hub;

  async start(): Promise<this> {
    loaded ??= loadApp({ appDirectory: fileURLToPath(new URL('./grpc-app', import.meta.url)) });
    const app = await loaded;
    this.store = SqliteStore.open(this.folder);
    const executor = new GrpcExecutor(app, new AppExecutor(app, { strict: false }));
    this.hub = new Hub({ store: this.store, executor, logger: silentLogger });
    this.hub.start();
    return this;
  }

  async stop(): Promise<void> {
    await this.hub.stop(2_000);
    this.store.close();
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  begin(name: string, input?: unknown, instanceId?: string): Promise<string> {
    const text = input === undefined ? null : JSON.stringify(input);
    return this.hub.startOrchestration({ name, input: text, ...(instanceId !== undefined && { instanceId }) });
  }

  async run(name: string, input?: unknown, instanceId?: string): Promise<Instance> {
    return this.end(await this.begin(name, input, instanceId));
  }

  end(id: string): Promise<Instance> {
    return until(() => {
      const instance = this.hub.instance(id);
      return instance !== undefined && isFinal(instance.status) ? instance : undefined;
    }, `instance ${id} to end`);
  }

  async output(name: string, input?: unknown, instanceId?: string): Promise<unknown> {
    const { output } = await this.run(name, input, instanceId);
    return output === null ? undefined : JSON.parse(output);
  }

  history(id: string): HistoryEvent[] {
    return this.hub.history(id).map(decodeEvent);
  }

  counter(key: string): number | undefined {
    const state = this.hub.entity({ name: 'counter', key })?.state;
    return state === undefined ? undefined : Number(state);
  }

  /** Waits for a counter to have a value. */
  async counted(key: string, value: number): Promise<void> {
    await until(() => (this.counter(key) === value ? true : undefined), `counter ${key} to be ${value}`);
  }
}
