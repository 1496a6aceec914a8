import { describeError } from '../agent/describe-error.ts';
import type {
  AgentEffect,
  AgentEffectResult,
  CallDecision,
  ModelOutcome,
  RunOutcome,
  ToolCallRequest,
} from '../agent/effects.ts';
import type { ChatMessage } from '../agent/message.ts';
import { type AgentFacts, runLoop, type ToolFacts } from '../agent/run-loop.ts';
import { toolError } from '../agent/tool-error.ts';
import type { DurableTask } from '../durable/orchestration-calls.ts';
import { AgentRunError, DurableAgentError } from '../errors.ts';
import { entityName } from '../ids.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { redact } from '../redact.ts';
import { readModelOutcome, readToolList, writeRunOutcome } from './step-outcome.ts';
import type { CalledTurnInput, TurnCalls, TurnResult } from './turn-calls.ts';
import { approvalActivity, modelActivity, toolActivity, toolListActivity, turnEvents } from './turn-names.ts';

/** What the session says when a turn asks to begin. */
export type TurnBegin =
  | {
      status: 'run';
      options: JsonObject;
      facts: AgentFacts;
      /** Whether the agent has tools that are only known at run time; they are not among `facts.tools`. */
      hasToolSources?: boolean;
      maxParallelToolCalls: number;
      /** Who asked; for tools. */
      caller?: JsonValue;
      traceContext?: JsonObject;
      callIds: string[];
    }
  /** Turns before this one are not over; the session sends `TurnStart` when they are. */
  | { status: 'queued' }
  /** The turn is over, or was never accepted. */
  | { status: 'over'; result: JsonValue };

type Running = Extract<TurnBegin, { status: 'run' }>;

/**
 * One turn of a session as an orchestration: it waits for its place in the session, then drives the run loop with
 * activities, and hands the outcome to the session. Each model call and tool call is recorded when it ends.
 *
 * T1  Between `begin` and `end` the session runs no other turn.
 * T2  Whatever happens in between, `end` is called: a session is never left waiting for a turn that is gone.
 * T3  Events only wake; what was decided is asked of the session, where the first decision stands.
 */
export function* playTurn<Task extends DurableTask>(
  calls: TurnCalls<Task>,
  input: CalledTurnInput,
): Generator<Task, TurnResult, unknown> {
  const turn = new Turn(calls, input);
  const begin = yield* turn.begin();
  if (begin.status === 'over') return begin.result;
  let outcome: RunOutcome;
  try {
    outcome = yield* turn.run(begin);
  } catch (error) {
    outcome = { status: 'failed', error: turn.failure(error), messages: [] };
  }
  return (yield turn.ask('turnEnd', { outcome: writeRunOutcome(outcome) })) as JsonValue;
}

class Turn<Task extends DurableTask> {
  readonly #calls: TurnCalls<Task>;
  readonly #input: CalledTurnInput;
  #cancelled = false;
  #caller: JsonValue | undefined;
  #traceContext: JsonObject | undefined;

  constructor(calls: TurnCalls<Task>, input: CalledTurnInput) {
    this.#calls = calls;
    this.#input = input;
  }

  ask(operation: string, fields: JsonObject): Task {
    const { agentName, sessionKey, correlationId } = this.#input;
    const { instanceId } = this.#calls;
    const request = { correlationId, instanceId, ...fields };
    return this.#calls.callEntity(entityName(agentName), sessionKey, operation, request);
  }

  *begin(): Generator<Task, Exclude<TurnBegin, { status: 'queued' }>, unknown> {
    const { request } = this.#input;
    for (;;) {
      const begin = (yield this.ask('turnBegin', request === undefined ? {} : { request })) as TurnBegin;
      if (begin.status !== 'queued') return begin;
      yield this.#calls.waitForEvent(turnEvents.start);
    }
  }

  *run(begin: Running): Generator<Task, RunOutcome, unknown> {
    this.#caller = begin.caller;
    this.#traceContext = begin.traceContext;
    let done: ChatMessage[] = [];
    try {
      const tools = begin.hasToolSources ? yield* this.#listTools() : begin.facts.tools;
      const loop = runLoop({ ...begin.facts, tools }, [], { ...begin.options, callIds: begin.callIds });
      let step = loop.next();
      while (!step.done) {
        if (step.value.type === 'callModel') done = step.value.tail;
        step = loop.next(yield* this.#perform(step.value, begin));
      }
      return step.value;
    } catch (error) {
      // What the tools did so far is not forgotten with the rest of the turn.
      return { status: 'failed', error: this.failure(error), messages: done };
    }
  }

  *#listTools(): Generator<Task, readonly ToolFacts[], unknown> {
    const task = this.#calls.callActivity(toolListActivity, this.#base());
    if (this.#cancelled || (yield* this.#cancelledBefore(task))) throw canceled();
    return readToolList(resultOf(task));
  }

  *#perform(effect: AgentEffect, begin: Running): Generator<Task, AgentEffectResult, unknown> {
    switch (effect.type) {
      case 'callModel':
        return { type: 'callModel', outcome: yield* this.#callModel(effect.iteration, effect.tail, begin) };
      case 'approveCalls':
        return { type: 'approveCalls', decisions: yield* this.#decide(effect.calls) };
      case 'callTools':
        return { type: 'callTools', results: yield* this.#callTools(effect.calls, begin) };
    }
  }

  *#callModel(iteration: number, tail: ChatMessage[], { options }: Running): Generator<Task, ModelOutcome, unknown> {
    const input = { ...this.#base(), options, iteration, tail: tail as unknown as JsonValue };
    const task = this.#calls.callActivity(modelActivity, input);
    if (this.#cancelled || (yield* this.#cancelledBefore(task))) return { ok: false, error: canceled() };
    return readModelOutcome(resultOf(task));
  }

  *#callTools(asked: ToolCallRequest[], begin: Running): Generator<Task, JsonValue[], unknown> {
    const results: JsonValue[] = [];
    const size = begin.maxParallelToolCalls;
    // In groups, because an orchestration cannot hold back a call that it has begun.
    for (let at = 0; at < asked.length && !this.#cancelled; at += size) {
      const tasks = asked
        .slice(at, at + size)
        .map((call) => this.#calls.callActivity(toolActivity, { ...this.#base(), call: { ...call } as JsonObject }));
      yield* this.#cancelledBefore(this.#calls.all(tasks));
      results.push(...tasks.map((task) => (task.isCompleted ? resultOf(task) : this.#missing(task))));
    }
    return asked.map((_, index) => results[index] ?? toolError('notRun', 'Not called: the turn was cancelled.'));
  }

  /** Of a call whose activity gave nothing. A tool that fails gives a result: what fails here is the host's. */
  #missing(task: Task): JsonValue {
    if (this.#cancelled) return stopped();
    const reason = task.isFaulted ? describeError(task.result, 400) : 'another call of the same answer broke off';
    return toolError('aborted', `This call gave no result (${redact(reason)}). It may have taken effect.`);
  }

  *#decide(asked: ToolCallRequest[]): Generator<Task, CallDecision[], unknown> {
    const needs = (yield this.#calls.callActivity(approvalActivity, {
      ...this.#base(),
      calls: asked as unknown as JsonValue,
    })) as { needed: boolean; arguments?: JsonValue }[];
    const open = asked.flatMap(({ callId, name }, index) => {
      const need = needs[index];
      return need?.needed ? [{ callId, name, arguments: need.arguments ?? {} }] : [];
    });
    if (open.length === 0) return asked.map(() => ({ status: 'notNeeded' }));
    // The session says until when it waits: the agent's setting, counted from its own clock.
    const { expiresAt } = (yield this.ask('turnWait', { approvals: open })) as { expiresAt: string };
    for (;;) {
      // New tasks each time: one task must not be part of two compounds.
      const timer = this.#calls.timer(Date.parse(expiresAt));
      const wake = this.#calls.any([this.#calls.waitForEvent(turnEvents.decided), timer]);
      const stopNow = this.#cancelled || (yield* this.#cancelledBefore(wake));
      if (!timer.isCompleted) timer.cancel();
      if (stopNow) return asked.map(() => ({ status: 'rejected', reason: 'the turn was cancelled' }));
      const { decisions } = (yield this.ask('turnDecisions', {})) as { decisions?: Record<string, CallDecision> };
      if (decisions !== undefined) return asked.map(({ callId }) => decisions[callId] ?? { status: 'notNeeded' });
    }
  }

  /** Waits for a task or for the order to stop, whichever comes first. */
  *#cancelledBefore(task: Task): Generator<Task, boolean, unknown> {
    const cancel = this.#calls.waitForEvent(turnEvents.cancel);
    const winner = yield this.#calls.any([task, cancel]);
    if (winner === cancel) this.#cancelled = true;
    return this.#cancelled;
  }

  #base(): JsonObject {
    const { agentName, sessionKey, correlationId } = this.#input;
    const caller = this.#caller;
    const traceContext = this.#traceContext;
    return {
      agentName,
      sessionKey,
      correlationId,
      ...(caller !== undefined && { caller }),
      ...(traceContext !== undefined && { traceContext }),
    };
  }

  failure(error: unknown): DurableAgentError {
    if (DurableAgentError.is(error)) return error;
    return new DurableAgentError('internalError', 'The turn failed unexpectedly. The log of the app has the details.', {
      cause: error,
    });
  }
}

function resultOf(task: DurableTask): JsonValue {
  if (task.isFaulted) throw task.result instanceof Error ? task.result : new Error(String(task.result));
  return (task.result ?? null) as JsonValue;
}

/** What becomes of a turn that was told to stop. */
export function canceled(): AgentRunError {
  return new AgentRunError('canceled', 'The turn was cancelled.');
}

function stopped(): JsonValue {
  return toolError('aborted', 'The turn was cancelled before this call gave a result. It may have taken effect.');
}
