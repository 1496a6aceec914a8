import type { JsonValue } from '../json.ts';
import type { Logger } from '../log.ts';
import type { HandlerCall, HandlerOutcome, SentMessage } from './effects.ts';
import { WorkflowError } from './errors.ts';
import type { AnyExecutor } from './executor.ts';
import type { ExecutorContext, SendOptions } from './executor-context.ts';
import type { MessageType } from './message-type.ts';
import { toPlainJson } from './plain-json.ts';
import { requestIdOf } from './run.ts';
import { isMessageType } from './schema.ts';
import { applyChanges, checkStateName, defaultScope, readState, type StateChange, stateKeys } from './shared-state.ts';

/** Where a handler runs. */
export interface HandlerServices {
  workflowName: string;
  runId: string;
  superstep: number;
  signal: AbortSignal;
  log: Logger;
  /** Gives the address at which a request is answered, where the host has one. */
  respondUrl?: ((requestId: string) => string | undefined) | undefined;
}

/** Collects what one handler does. */
export class HandlerRecord {
  readonly #call: HandlerCall;
  readonly #executor: AnyExecutor;
  readonly #services: HandlerServices;
  readonly #messages: SentMessage[] = [];
  readonly #outputs: JsonValue[] = [];
  readonly #changes: StateChange[] = [];
  readonly #requests: NonNullable<HandlerOutcome['requests']> = [];
  readonly #events: NonNullable<HandlerOutcome['events']> = [];
  #halt: HandlerOutcome['halt'];
  #isClosed = false;

  constructor(call: HandlerCall, executor: AnyExecutor, services: HandlerServices) {
    this.#call = call;
    this.#executor = executor;
    this.#services = services;
  }

  /** What the handler sees of it. Plain functions, so that it can be taken apart. */
  context(): ExecutorContext {
    const { executorId, attempt, delivery, id } = this.#call;
    const { workflowName, runId, superstep, signal, log } = this.#services;
    return {
      ...{ executorId, workflowName, runId, superstep, attempt, signal, log },
      sources: delivery.sources,
      request: delivery.request,
      failures: delivery.failures ?? [],
      idempotencyKey: `${runId}/${id}`,
      sendMessage: (value, options) => this.sendMessage(value, options),
      yieldOutput: (value) => this.yieldOutput(value),
      requestInfo: (port, data, options) => this.requestInfo(port.id, data, options),
      respondUrl: (requestId) => this.#services.respondUrl?.(requestId),
      getState: <Value>(key: string, scope?: string) => this.getState(key, scope) as Value | undefined,
      setState: (key, value, scope) => this.setState(key, value, scope),
      deleteState: (key, scope) => this.#change({ scope: scope ?? defaultScope, key }),
      initState: (key, make, scope) => this.initState(key, make, scope),
      stateKeys: (scope) => stateKeys(applyChanges(this.#call.state, this.#changes), scope ?? defaultScope),
      clearState: (scope) => this.#change({ scope: scope ?? defaultScope }),
      emit: (name, data) => this.emit(name, data),
      halt: (reason) => this.halt(reason),
    };
  }

  sendMessage(value: unknown, options: SendOptions = {}): void {
    this.#open();
    const { to } = options;
    const message = this.encode(value, options.type, 'message');
    this.#messages.push(to === undefined ? message : { ...message, to: typeof to === 'string' ? [to] : [...to] });
  }

  yieldOutput(value: unknown): void {
    this.#open();
    this.#outputs.push(toPlainJson(value, 'output'));
  }

  requestInfo(
    portId: string,
    data: unknown,
    { requestId, timeoutMs }: { requestId?: string | undefined; timeoutMs?: number | undefined } = {},
  ): string {
    this.#open();
    if (!this.#executor.responseHandlers.some((one) => one.port.id === portId)) {
      throw new WorkflowError(
        'noResponseHandler',
        `"${this.#call.executorId}" asks through the port "${portId}" and has no handler for answers.`,
        { fix: `Add responseHandler(port, …) to the executor "${this.#call.executorId}".` },
      );
    }
    if (requestId !== undefined && !/^[^~/\\?#\p{Cc}]{1,128}$/u.test(requestId)) {
      throw new WorkflowError('invalidRequest', `${JSON.stringify(requestId)} cannot be a request id.`, {
        fix: 'Use 1 to 128 characters without "~", "/", "\\", "?" and "#", or none at all.',
      });
    }
    if (timeoutMs !== undefined && !(timeoutMs >= 0)) {
      throw new WorkflowError('invalidRequest', `timeoutMs of a request is ${timeoutMs}.`, {
        fix: 'Use milliseconds.',
      });
    }
    const id = requestId ?? requestIdOf(this.#services.runId, this.#call.id, this.#requests.length);
    this.#requests.push({
      ...{ requestId: id, portId, data: toPlainJson(data, 'request') },
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    return id;
  }

  getState(key: string, scope = defaultScope): JsonValue | undefined {
    const value = readState(applyChanges(this.#call.state, this.#changes), scope, key);
    // A copy: what a handler changes in it is not a change of the state.
    return value === undefined ? undefined : structuredClone(value);
  }

  setState(key: string, value: unknown, scope = defaultScope): void {
    this.#change(
      { scope: checkStateName(scope, 'scope'), key: checkStateName(key, 'key') },
      toPlainJson(value, 'state'),
    );
  }

  initState<Value>(key: string, make: () => Value, scope?: string): Value {
    const known = this.getState(key, scope);
    if (known !== undefined) return known as Value;
    const value = make();
    this.setState(key, value, scope);
    return value;
  }

  emit(name: string, data: unknown = null): void {
    this.#open();
    this.#events.push({ name: String(name), data: toPlainJson(data, 'event') });
  }

  halt(reason?: string): void {
    this.#open();
    this.#halt = { reason: reason ?? null };
  }

  /** A value as a message, with its type and in JSON. */
  encode(value: unknown, type: MessageType<unknown> | undefined, what: string): SentMessage {
    const { output } = this.#executor;
    const tagged = type ?? (isMessageType(output) ? output : undefined);
    if (tagged === undefined) return { value: toPlainJson(value, what) };
    const json = tagged.codec === undefined ? value : tagged.codec.encode(value);
    return { value: toPlainJson(json, what), type: tagged.name };
  }

  /** What the handler did. From now on it can do nothing more. */
  close(): HandlerOutcome {
    this.#isClosed = true;
    return {
      status: 'completed',
      ...(this.#messages.length > 0 && { messages: this.#messages }),
      ...(this.#outputs.length > 0 && { outputs: this.#outputs }),
      ...(this.#changes.length > 0 && { changes: this.#changes }),
      ...(this.#requests.length > 0 && { requests: this.#requests }),
      ...(this.#events.length > 0 && { events: this.#events }),
      ...(this.#halt && { halt: this.#halt }),
    };
  }

  #change({ scope, key }: { scope: string; key?: string }, value?: JsonValue): void {
    this.#open();
    this.#changes.push({
      ...(scope !== defaultScope && { scope }),
      ...(key !== undefined && { key }),
      ...(value !== undefined && { value }),
    });
  }

  #open(): void {
    if (!this.#isClosed) return;
    throw new WorkflowError(
      'contextClosed',
      `The handler of "${this.#call.executorId}" has ended, and its context with it.`,
      {
        fix: 'Await everything that uses the context before the handler returns.',
      },
    );
  }
}
