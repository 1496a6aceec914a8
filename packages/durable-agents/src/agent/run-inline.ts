import { DurableAgentError } from '../errors.ts';
import type { Agent } from './agent.ts';
import { approvalNeed } from './approval-need.ts';
import type {
  AgentEffect,
  AgentEffectResult,
  CallDecision,
  RunOptions,
  RunOutcome,
  ToolCallRequest,
} from './effects.ts';
import { inParallel } from './in-parallel.ts';
import type { ChatMessage } from './message.ts';
import { performModelCall, performToolCall } from './perform-effect.ts';
import { resolveAgent } from './resolve-tools.ts';
import type { RunContext } from './run-context.ts';
import { runLoop } from './run-loop.ts';

/**
 * Runs an agent to its end in this process. The calls of one answer run side by side, at most
 * `maxParallelToolCalls` at a time. A failure of the model is an outcome; only a bug rejects.
 */
export async function runInline(
  agent: Agent,
  conversation: readonly ChatMessage[],
  context: RunContext,
  options: RunOptions = {},
): Promise<RunOutcome> {
  let resolved: Agent;
  try {
    resolved = await resolveAgent(agent, context);
  } catch (error) {
    if (!DurableAgentError.is(error)) throw error;
    return { status: 'failed', error, messages: [] };
  }
  const loop = runLoop(resolved, conversation, options);
  let step = loop.next();
  while (!step.done) step = loop.next(await performEffect(resolved, step.value, context));
  return step.value;
}

/** Does what the run loop asks for. */
async function performEffect(agent: Agent, effect: AgentEffect, context: RunContext): Promise<AgentEffectResult> {
  switch (effect.type) {
    case 'callModel':
      return { type: 'callModel', outcome: await performModelCall(agent, effect.request, context) };
    case 'approveCalls':
      return { type: 'approveCalls', decisions: await decide(agent, effect.calls, context) };
    case 'callTools':
      return {
        type: 'callTools',
        results: await inParallel(effect.calls, agent.maxParallelToolCalls, (call) =>
          performToolCall(agent, call, context),
        ),
      };
  }
}

/** In this process there is nobody to wait for: the run's own `approve` decides, or the calls are not made. */
async function decide(
  agent: Agent,
  calls: readonly ToolCallRequest[],
  { approve }: RunContext,
): Promise<CallDecision[]> {
  const decisions: CallDecision[] = [];
  for (const call of calls) {
    const need = await approvalNeed(agent, call);
    if (!need.needed) decisions.push({ status: 'notNeeded' });
    else if (approve === undefined) decisions.push({ status: 'rejected', reason: 'nobody can be asked in this run' });
    else decisions.push(await approve({ callId: call.callId, name: call.name, arguments: need.arguments }));
  }
  return decisions;
}
