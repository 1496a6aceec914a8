import type { Action, OrchestratorOutcome } from '../engine/actions.ts';
import type { EntityBatchOutcome, EntityBatchRequest } from '../engine/entity.ts';
import { EventType, type HistoryEvent } from '../engine/history.ts';
import { defaultPollMs, type HttpCallRequest, httpActivityName } from '../engine/http-call.ts';
import type { ActivityMessage, Instance } from '../engine/instance.ts';
import { longestTimerMs, timerPieceMs } from '../engine/timer-limits.ts';
import type { FunctionsApp } from '../functions/functions-app.ts';
import { hasTrigger, type RegisteredFunction } from '../functions/registered-function.ts';
import type { TypedData } from '../functions/typed-data.ts';
import type { DurableKind, Executor } from '../hub/executor.ts';
import { identityTokens, policyFromSettings, runHttpActivity } from './http-activity.ts';

/** How the SDK marks an orchestrator's failure inside an error message. */
const failureMarker = '\n\n$OutOfProcData$:';

/** Replay schema V4 of the out-of-process protocol: the one with locks. */
const schemaV4 = 3;
const dayMs = 86_400_000;

/**
 * Runs orchestrators, entities and activities of a loaded Functions app through Durable's out-of-process protocol.
 * By default objects are handed over live; in strict mode everything goes through JSON text, as on Azure.
 */
export class AppExecutor implements Executor {
  readonly #app: FunctionsApp;
  readonly #strict: boolean;

  constructor(app: FunctionsApp, options: { strict: boolean }) {
    this.#app = app;
    this.#strict = options.strict;
  }

  has(kind: DurableKind, name: string): boolean {
    if (kind === 'activity' && name === httpActivityName) return true;
    const fn = this.#app.find(name);
    return fn !== undefined && hasTrigger(fn, `${kind}Trigger`);
  }

  names(kind: DurableKind): string[] {
    return this.#app.functions.filter((fn) => hasTrigger(fn, `${kind}Trigger`)).map((fn) => fn.name);
  }

  async runOrchestrator(instance: Instance, history: HistoryEvent[]): Promise<OrchestratorOutcome> {
    const payload = {
      input: instance.input === null ? null : JSON.parse(instance.input),
      instanceId: instance.instanceId,
      isReplaying: history.some((event) => event.EventType === EventType.OrchestratorStarted && event.IsPlayed),
      parentInstanceId: instance.parent?.OrchestrationInstance.InstanceId ?? null,
      upperSchemaVersion: 1,
      upperSchemaVersionNew: schemaV4,
      longRunningTimerIntervalDuration: `${timerPieceMs / dayMs}.00:00:00`,
      maximumShortTimerDuration: `${longestTimerMs / dayMs}.00:00:00`,
      defaultHttpAsyncRequestSleepTimeMillseconds: defaultPollMs,
    };
    // The library walks through all that can be listed, looking for times that are text. In a live history none are, and
    // a walk through it at each episode takes longer the longer it is.
    Object.defineProperty(payload, 'history', { value: history, enumerable: this.#strict });
    try {
      return toOutcome(await this.#run(this.#find(instance.name), payload));
    } catch (error) {
      return failedOutcome(error);
    }
  }

  async runEntity(request: EntityBatchRequest): Promise<EntityBatchOutcome> {
    return (await this.#run(this.#find(request.self.name), request)) as EntityBatchOutcome;
  }

  async runActivity(message: ActivityMessage): Promise<string> {
    if (message.name === httpActivityName) {
      const request = JSON.parse(message.input ?? '{}') as HttpCallRequest;
      const options = { policy: policyFromSettings(), token: identityTokens(this.#app.directory) };
      return JSON.stringify(await runHttpActivity(request, options));
    }
    const fn = this.#find(message.name);
    const data = this.#activityInput(message.input);
    const triggerMetadata = { instanceId: this.#textData(message.instanceId), ...(data && { data }) };
    if (this.#strict) {
      const { returnValue } = await this.#app.invoke(fn, {
        trigger: { kind: 'data', data: data ?? {} },
        triggerMetadata,
      });
      return resultText(returnValue as TypedData | null | undefined);
    }
    const value = data === undefined ? undefined : liveInput(data);
    const { result } = await this.#app.invoke(fn, { trigger: { kind: 'live', value }, triggerMetadata, raw: true });
    return JSON.stringify(result) ?? 'null';
  }

  async #run(fn: RegisteredFunction, payload: unknown): Promise<unknown> {
    if (this.#strict) {
      const { returnValue } = await this.#app.invoke(fn, {
        trigger: { kind: 'data', data: { string: JSON.stringify(payload) } },
      });
      return JSON.parse(resultText(returnValue as TypedData | null | undefined));
    }
    const { result } = await this.#app.invoke(fn, { trigger: { kind: 'live', value: payload }, raw: true });
    return result;
  }

  /** Strings travel as text, everything else as JSON; no input is no data. */
  #activityInput(input: string | null): TypedData | undefined {
    if (input === null) return undefined;
    const value: unknown = JSON.parse(input);
    return typeof value === 'string' ? this.#textData(value) : { json: input };
  }

  /**
   * The library reads text as JSON where it is JSON. What cannot be is sent as a JSON string, which comes to the same and
   * spares the exception of the attempt.
   */
  #textData(text: string): TypedData {
    return this.#strict || maybeJson.test(text) ? { string: text } : { json: JSON.stringify(text) };
  }

  #find(name: string): RegisteredFunction {
    const fn = this.#app.find(name);
    if (fn === undefined) throw new Error(`The function '${name}' doesn't exist.`);
    return fn;
  }
}

function toOutcome(value: unknown): OrchestratorOutcome {
  const state = value as {
    isDone: boolean;
    actions: Action[][];
    output?: unknown;
    error?: string;
    customStatus?: unknown;
  };
  const outcome: OrchestratorOutcome = { isDone: state.isDone, actions: state.actions.flat(), output: state.output };
  if (state.error !== undefined) outcome.error = state.error;
  if (state.customStatus !== undefined) outcome.customStatus = state.customStatus;
  return outcome;
}

function failedOutcome(error: unknown): OrchestratorOutcome {
  const message = error instanceof Error ? error.message : String(error);
  const at = message.indexOf(failureMarker);
  if (at < 0) return { isDone: false, actions: [], error: message };
  const outcome = toOutcome(JSON.parse(message.slice(at + failureMarker.length)));
  return { ...outcome, isDone: false, error: outcome.error ?? 'The orchestrator failed.' };
}

/** Whether text could be JSON: of a list, an object, a string, a number, or one of the three words. */
const maybeJson = /^\s*(?:[[{"]|-?\d[\d.eE+-]*\s*$|(?:true|false|null)\s*$)/;

/** What the library makes of the data: text is read as JSON where it is JSON. */
function liveInput(data: TypedData): unknown {
  if (typeof data.json === 'string') return JSON.parse(data.json);
  const text = data.string ?? '';
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON, so the text itself is the argument; this is how the library reads string data.
    return text;
  }
}

function resultText(data: TypedData | null | undefined): string {
  if (data === null || data === undefined) return 'null';
  if (typeof data.json === 'string') return data.json;
  if (typeof data.string === 'string') return JSON.stringify(data.string);
  if (data.int !== undefined && data.int !== null) return String(data.int);
  if (data.double !== undefined && data.double !== null) return JSON.stringify(data.double);
  if (data.bytes) return JSON.stringify(Buffer.from(data.bytes).toString('base64'));
  return 'null';
}
