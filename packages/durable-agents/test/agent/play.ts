import assert from 'node:assert/strict';
import { Agent, type AgentOptions } from '../../src/agent/agent.ts';
import type { Content, Usage } from '../../src/agent/content.ts';
import type { AgentEffect, AgentEffectResult, RunOptions, RunOutcome } from '../../src/agent/effects.ts';
import { textMessage } from '../../src/agent/message.ts';
import type { FinishReason } from '../../src/agent/response.ts';
import { runLoop } from '../../src/agent/run-loop.ts';
import { tool } from '../../src/agent/tool.ts';
import { ModelError } from '../../src/errors.ts';
import type { JsonObject, JsonValue } from '../../src/json.ts';
import { scriptedModel } from '../../src/testing.ts';

const tools = [
  tool({ name: 'alpha', description: 'A.', execute: () => 1 }),
  tool({ name: 'beta', description: 'B.', execute: () => 2 }),
];

export function agentOf(options: Partial<AgentOptions> = {}): Agent {
  return new Agent({ name: 'helper', instructions: 'Be brief.', model: scriptedModel([]), tools, ...options });
}

export interface Answer {
  contents?: Content[];
  finishReason?: FinishReason;
  usage?: Usage;
}

export const call = (callId: string, name = 'alpha', args: JsonObject = {}): Content => ({
  type: 'functionCall',
  callId,
  name,
  arguments: args,
});
export const text = (value: string): Content => ({ type: 'text', text: value });

/** Plays the loop against fixed answers; a tool's result is its name and position. */
export function play(answers: (Answer | ModelError)[], agent = agentOf(), options: RunOptions = {}) {
  const effects: AgentEffect[] = [];
  const loop = runLoop(agent, [textMessage('user', 'Hi')], options);
  let step = loop.next();
  while (!step.done) {
    const effect = step.value;
    effects.push(structuredClone(effect));
    step = loop.next(perform(effect, answers.shift.bind(answers)));
  }
  return { outcome: step.value, effects };
}

function perform(effect: AgentEffect, nextAnswer: () => Answer | ModelError | undefined): AgentEffectResult {
  if (effect.type === 'callTools') {
    return { type: 'callTools', results: effect.calls.map(({ name, index }): JsonValue => `${name}#${index}`) };
  }
  const answer = nextAnswer();
  if (answer === undefined) throw new Error('no answer left');
  if (answer instanceof ModelError) return { type: 'callModel', outcome: { ok: false, error: answer } };
  const { contents = [], finishReason = 'stop', usage } = answer;
  const value = { messages: [{ role: 'assistant' as const, contents }], finishReason, ...(usage && { usage }) };
  return { type: 'callModel', outcome: { ok: true, value } };
}

export function completed(outcome: RunOutcome) {
  assert.equal(outcome.status, 'completed', JSON.stringify(outcome));
  return (outcome as Extract<RunOutcome, { status: 'completed' }>).response;
}

export function failed(outcome: RunOutcome) {
  assert.equal(outcome.status, 'failed', JSON.stringify(outcome));
  return outcome as Extract<RunOutcome, { status: 'failed' }>;
}

export function requestOf(effect: AgentEffect | undefined) {
  if (effect?.type !== 'callModel') throw new Error(`not a model call: ${JSON.stringify(effect)}`);
  return effect.request;
}
