import type { Agent } from '../../agent/agent.ts';
import type { OnModelUpdate } from '../../agent/call-model.ts';
import type { ModelOutcome, ToolCallRequest } from '../../agent/effects.ts';
import type { RunObserver } from '../../agent/run-observer.ts';
import type { ToolProgress } from '../../agent/tool-progress.ts';
import { issuedAt } from '../../client/issued-at.ts';
import type { AgentSessionId } from '../../ids.ts';
import type { JsonValue } from '../../json.ts';
import type { Logger } from '../../log.ts';
import type { ChatRequest } from '../../model/chat-client.ts';
import type { AgentStreamHandler } from '../../stream/stream-handler.ts';
import type { StreamStore } from '../../stream/stream-store.ts';
import { TurnStream } from '../../stream/turn-stream.ts';
import { traceModelCall } from '../../telemetry/model-telemetry.ts';
import type { TelemetryOptions } from '../../telemetry/telemetry-options.ts';
import { traceToolCall } from '../../telemetry/tool-telemetry.ts';
import type { TraceCarrier } from '../../telemetry/trace-context.ts';
import { countQueueWait } from '../../telemetry/turn-telemetry.ts';

/** Who hears of turns while they run. */
export interface Watching {
  store: StreamStore;
  handler?: AgentStreamHandler | undefined;
  telemetry: TelemetryOptions;
}

export interface WatchedTurn {
  agent: Agent;
  sessionId: AgentSessionId;
  correlationId: string;
  requestText?: string | undefined;
  traceContext?: TraceCarrier | undefined;
  /** The part of the turn that runs here; see `TurnStream`. Default: all of it. */
  step?: string | undefined;
  log: Logger;
}

/** The stream of a turn, if anybody reads it or a handler wants it; else nothing is written, and models need not stream. */
export async function streamOf(watching: Watching, turn: WatchedTurn): Promise<TurnStream | undefined> {
  const { store, handler } = watching;
  const { agent, sessionId, correlationId, requestText, step, log } = turn;
  const key = { sessionId, correlationId };
  const isRead = await store.exists(key).catch((error: unknown) => {
    log.warn('The stream of a turn could not be looked up.', { correlationId, error: String(error) });
    return false;
  });
  if (!isRead && handler === undefined) return undefined;
  return new TurnStream({ key, agentName: agent.name, handler, requestText, step, log, ...(isRead && { store }) });
}

/** Feeds a turn's stream, traces and metrics. */
export class TurnObserver implements RunObserver {
  readonly #watching: Watching;
  readonly #turn: WatchedTurn;
  readonly #stream: TurnStream | undefined;
  readonly #calls = new Map<string, ToolCallRequest>();

  constructor(watching: Watching, turn: WatchedTurn, stream: TurnStream | undefined) {
    this.#watching = watching;
    this.#turn = turn;
    this.#stream = stream;
    // A turn in steps is counted where it begins.
    if (turn.step === undefined) measureQueueWait(turn);
  }

  model(request: ChatRequest, call: (onUpdate?: OnModelUpdate) => Promise<ModelOutcome>): Promise<ModelOutcome> {
    const { agent, sessionId, traceContext } = this.#turn;
    const stream = this.#stream;
    const facts = { agentName: agent.name, sessionId, model: agent.model, request, traceContext };
    return traceModelCall(facts, this.#watching.telemetry, (meter) =>
      stream === undefined
        ? call()
        : call((update, attempt) => {
            meter.onUpdate(update, attempt);
            stream.onModelUpdate(update, attempt);
          }),
    );
  }

  async tool(call: ToolCallRequest, execute: () => Promise<JsonValue>): Promise<JsonValue> {
    const { agent, sessionId, traceContext } = this.#turn;
    this.#calls.set(call.callId, call);
    this.#stream?.onToolCall(call);
    const result = await traceToolCall(
      { agentName: agent.name, sessionId, call, traceContext },
      this.#watching.telemetry,
      execute,
    );
    this.#stream?.onToolResult(call, result);
    this.#calls.delete(call.callId);
    return result;
  }

  /** Traced and measured within the call; those who read the turn know only the call itself. */
  inner(agent: Agent): RunObserver {
    return new TurnObserver(
      this.#watching,
      { ...this.#turn, agent, traceContext: undefined, step: 'inner' },
      undefined,
    );
  }

  progress({ callId, data }: ToolProgress): void {
    const call = this.#calls.get(callId);
    if (call !== undefined) this.#stream?.onToolProgress(call, data);
  }
}

/** Measures how long a turn has waited, where its id says when its message was sent. */
export function measureQueueWait({ agent, correlationId }: Pick<WatchedTurn, 'agent' | 'correlationId'>): void {
  const sentAt = issuedAt(correlationId);
  if (sentAt !== undefined) countQueueWait({ agentName: agent.name }, Date.now() - sentAt);
}
