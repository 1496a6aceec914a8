import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { toJsonResult } from '../../agent/to-json-result.ts';
import type { OrchestrationStatus, ToolDurablePort } from '../../agent/tool-durable-client.ts';
import type { SessionAction } from '../../entity/session-actions.ts';
import type { JsonValue } from '../../json.ts';
import { type Logger, silentLogger } from '../../log.ts';
import { persistently } from './persistently.ts';

const notStarted = 'An orchestration was not started; it will be asked for again.';
const alive: readonly string[] = ['Pending', 'Running', 'Suspended', 'ContinuedAsNew'];

/** Orchestrations as an invocation sees them through its durable client. */
export class OrchestrationClient implements ToolDurablePort {
  readonly #context: InvocationContext;
  readonly #log: Logger;
  #used: df.DurableClient | undefined;

  /** The function must have a durable client among its inputs; it is only looked for when it is needed. */
  constructor(context: InvocationContext, log: Logger = silentLogger) {
    this.#context = context;
    this.#log = log;
  }

  get #client(): df.DurableClient {
    this.#used ??= df.getClient(this.#context);
    return this.#used;
  }

  /** Does what an operation asked for; each action may be done again without harm. */
  async perform(actions: readonly SessionAction[]): Promise<void> {
    for (const action of actions) {
      const isOptional = action.type === 'purge' || (action.type === 'startOrchestration' && action.optional);
      if (isOptional) this.#try(action);
      else await persistently(() => this.#perform(action));
    }
  }

  #try(action: SessionAction): void {
    persistently(() => this.#perform(action)).catch((error: unknown) => {
      const facts = { instanceId: action.instanceId, error: error instanceof Error ? error.message : String(error) };
      const what = action.type === 'purge' ? 'The history of an ended turn was not removed.' : notStarted;
      this.#log.warn(what, facts);
    });
  }

  /** Whether an orchestration is there and has not ended; true if nobody can tell. */
  async isAlive(instanceId: string): Promise<boolean> {
    return (await this.#statusOf(instanceId)) !== 'gone';
  }

  async startOrchestration(name: string, options: { input?: JsonValue; instanceId: string }): Promise<void> {
    await this.#client.startNew(name, options);
  }

  async getStatus(instanceId: string): Promise<OrchestrationStatus | undefined> {
    try {
      const found = await this.#client.getStatus(instanceId, { showInput: true });
      const { name, runtimeStatus, createdTime, lastUpdatedTime, input, output, customStatus } = found;
      const all = { instanceId, name, runtimeStatus, createdTime, lastUpdatedTime, input, output, customStatus };
      return toJsonResult(all) as unknown as OrchestrationStatus;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  raiseEvent(instanceId: string, eventName: string, data: JsonValue): Promise<void> {
    return this.#client.raiseEvent(instanceId, eventName, data);
  }

  terminate(instanceId: string, reason: string): Promise<void> {
    return this.#client.terminate(instanceId, reason);
  }

  async #perform(action: SessionAction): Promise<void> {
    const { instanceId } = action;
    try {
      switch (action.type) {
        case 'startOrchestration':
          await this.#client.startNew(action.name, { instanceId, input: action.input as JsonValue });
          return;
        case 'raiseEvent':
          await this.#client.raiseEvent(instanceId, action.eventName, action.data);
          return;
        case 'terminate':
          await this.#client.terminate(instanceId, action.reason);
          return;
        case 'purge':
          await this.#client.purgeInstanceHistory(instanceId);
          return;
      }
    } catch (error) {
      const status = await this.#statusOf(instanceId);
      // It was started before, or it has ended and needs no event any more.
      if (action.type === 'startOrchestration' ? status === 'alive' : status === 'gone') return;
      throw error;
    }
  }

  async #statusOf(instanceId: string): Promise<'alive' | 'gone' | 'unknown'> {
    try {
      const { runtimeStatus } = await this.#client.getStatus(instanceId, { showInput: false });
      return alive.includes(runtimeStatus) ? 'alive' : 'gone';
    } catch (error) {
      return isNotFound(error) ? 'gone' : 'unknown';
    }
  }
}

/** The client has no other way to say that there is no such instance. */
function isNotFound(error: unknown): boolean {
  return error instanceof Error && error.message.includes('HTTP 404');
}
