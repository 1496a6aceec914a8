import type { JsonValue } from '../json.ts';
import type { Logger } from '../log.ts';
import type { AnsweredRequest, BranchFailure } from './effects.ts';
import type { MessageType } from './message-type.ts';
import type { RequestPort } from './request-port.ts';
import type { ValueSchema, Written } from './schema.ts';

export interface SendOptions {
  /** Ids of the targets; each must be connected by an edge, whose condition still counts. Default: all edges. */
  to?: string | readonly string[] | undefined;
  /** Default: the executor's `output`, if that is a message type. */
  type?: MessageType<unknown> | undefined;
}

/**
 * What an executor's handler can do. Messages, state and requests take effect when the handler is done; if it throws,
 * none of them does.
 */
export interface ExecutorContext<Sends = unknown> {
  readonly executorId: string;
  readonly workflowName: string;
  readonly runId: string;
  /** Number of the superstep, from 1. */
  readonly superstep: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Ids of the executors that sent the message; none for the input of the run. At a join, one for each item. */
  readonly sources: readonly string[];
  /** The request, if the message is an answer to it. */
  readonly request: AnsweredRequest | undefined;
  /** At a join: branches of this round that failed (`onFailure: 'continue'`). */
  readonly failures: readonly BranchFailure[];
  /** The same each time this message is handled again after a failure or a crash. Hand it to what must not act twice. */
  readonly idempotencyKey: string;
  /** Aborted when the run is stopped or the executor's time is up. */
  readonly signal: AbortSignal;
  readonly log: Logger;

  /** @throws WorkflowError `notJson` if the value is not plain JSON and has no codec */
  sendMessage(value: Sends, options?: SendOptions): void;
  /** Gives an output of the workflow. */
  yieldOutput(value: unknown): void;
  /**
   * Asks through a port. The answer comes to the response handler that this executor has for the port.
   *
   * @returns the request's id; the same again if the handler is repeated
   */
  requestInfo<Request extends ValueSchema | undefined, Response extends ValueSchema | undefined>(
    port: RequestPort<Request, Response>,
    data: Written<Request>,
    options?: { requestId?: string | undefined; timeoutMs?: number | undefined },
  ): string;
  /** Where a request is answered over HTTP; undefined outside a host that has endpoints. */
  respondUrl(requestId: string): string | undefined;

  /** State as of the beginning of the superstep, with this executor's own changes. */
  getState<Value = JsonValue>(key: string, scope?: string): Value | undefined;
  /** Others see it in the next superstep. Of several that set one key in the same superstep, the last in graph order stands. */
  setState(key: string, value: unknown, scope?: string): void;
  deleteState(key: string, scope?: string): void;
  /** What is there, or else what `make` gives, which is set. */
  initState<Value>(key: string, make: () => Value, scope?: string): Value;
  stateKeys(scope?: string): string[];
  /** Deletes all keys of a scope. */
  clearState(scope?: string): void;

  /** An event of your own for whoever watches the run. */
  emit(name: string, data?: unknown): void;
  /** Ends the run after this superstep. It counts as completed. */
  halt(reason?: string): void;
}
