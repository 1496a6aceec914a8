import type { OrchestratorOutcome } from '../engine/actions.ts';
import type { EntityBatchOutcome, EntityBatchRequest } from '../engine/entity.ts';
import { brokenOutcome, type ExplicitOutcome } from '../engine/explicit/actions.ts';
import type { ExplicitBatchOutcome } from '../engine/explicit/entity-batch.ts';
import { DetailedFailure, failureOf } from '../engine/explicit/failure-details.ts';
import type { HistoryEvent } from '../engine/history.ts';
import type { ActivityMessage, Instance } from '../engine/instance.ts';
import type { FunctionsApp } from '../functions/functions-app.ts';
import type { RegisteredFunction } from '../functions/registered-function.ts';
import type { TypedData } from '../functions/typed-data.ts';
import type { DurableKind, Executor } from '../hub/executor.ts';

/** Whether a function takes the sidecar protocol's messages instead of the classic protocol's JSON. */
function takesMessages(fn: RegisteredFunction): boolean {
  return fn.trigger.durableRequiresGrpc === true;
}

/**
 * Runs functions whose triggers ask for the sidecar protocol's messages: requests and responses are protobuf in base64,
 * activities get their plain JSON. Every other function is left to the classic executor.
 */
export class GrpcExecutor implements Executor {
  readonly #app: FunctionsApp;
  readonly #classic: Executor;

  constructor(app: FunctionsApp, classic: Executor) {
    this.#app = app;
    this.#classic = classic;
  }

  has(kind: DurableKind, name: string): boolean {
    return this.#classic.has(kind, name);
  }

  names(kind: DurableKind): string[] {
    return this.#classic.names(kind);
  }

  async runOrchestrator(instance: Instance, history: HistoryEvent[]): Promise<OrchestratorOutcome | ExplicitOutcome> {
    const fn = this.#find(instance.name);
    if (fn === undefined) return this.#classic.runOrchestrator(instance, history);
    // Loaded by need: most apps do without, and a host should start fast.
    const { orchestratorRequest, orchestratorOutcome } = await import('../scheduler/proto/orchestrator-work.ts');
    try {
      return orchestratorOutcome(await this.#exchange(fn, orchestratorRequest(instance, history)));
    } catch (error) {
      return brokenOutcome(failureOf(error));
    }
  }

  async runEntity(request: EntityBatchRequest): Promise<EntityBatchOutcome | ExplicitBatchOutcome> {
    const fn = this.#find(request.self.name);
    if (fn === undefined) return this.#classic.runEntity(request);
    const { entityBatchRequest, entityBatchOutcome } = await import('../scheduler/proto/entity-work.ts');
    return entityBatchOutcome(await this.#exchange(fn, entityBatchRequest(request)));
  }

  /** Resolves to empty text when the activity returned nothing. @throws DetailedFailure with the activity's error */
  async runActivity(message: ActivityMessage): Promise<string> {
    const fn = this.#find(message.name);
    if (fn === undefined) return this.#classic.runActivity(message);
    const data: TypedData = message.input === null ? {} : { string: message.input };
    try {
      const { result } = await this.#app.invoke(fn, {
        trigger: { kind: 'data', data },
        triggerMetadata: { instanceId: { string: message.instanceId }, data },
        raw: true,
      });
      return result === null ? '' : (JSON.stringify(result) ?? '');
    } catch (error) {
      throw new DetailedFailure(`Function '${fn.name}' failed with an unhandled exception.`, failureOf(error));
    }
  }

  #find(name: string): RegisteredFunction | undefined {
    const fn = this.#app.find(name);
    return fn !== undefined && takesMessages(fn) ? fn : undefined;
  }

  async #exchange(fn: RegisteredFunction, request: Uint8Array): Promise<Uint8Array> {
    const { returnValue } = await this.#app.invoke(fn, {
      trigger: { kind: 'data', data: { string: Buffer.from(request).toString('base64') } },
    });
    const text = (returnValue as TypedData | null | undefined)?.string;
    if (!text) throw new TypeError(`Function '${fn.name}' returned no message; it has to return one in base64.`);
    return Buffer.from(text, 'base64');
  }
}
