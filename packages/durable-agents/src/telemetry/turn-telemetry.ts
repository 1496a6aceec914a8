import { type Attributes, SpanKind } from '@opentelemetry/api';
import type { Usage } from '../agent/content.ts';
import type { RunOutcome } from '../agent/effects.ts';
import { type ChatMessage, messageText } from '../agent/message.ts';
import { instruments, tracer } from './instruments.ts';
import { inputMessages, outputMessages } from './message-content.ts';
import { inSpan, known, markFailed } from './operation.ts';
import { providerName } from './provider-name.ts';
import { capturesContent, type TelemetryOptions } from './telemetry-options.ts';
import { type TraceCarrier, withRemoteParent } from './trace-context.ts';

/** What is known of a turn before it begins. */
export interface TurnFacts {
  agentName: string;
  agentDescription?: string | undefined;
  sessionId: string;
  correlationId: string;
  model: { provider: string; modelId: string | undefined };
  /** The new messages, at most those that the turn answers. */
  messages?: readonly ChatMessage[] | undefined;
  /** Whether a structured answer is wanted. */
  structured?: boolean | undefined;
  /** The run's place in its trace. */
  traceContext?: TraceCarrier | undefined;
}

/** Runs a turn in the span `invoke_agent {agent}`, and counts it. What happens in it becomes the span's children. */
export function traceTurn(
  facts: TurnFacts,
  options: TelemetryOptions,
  work: () => Promise<RunOutcome>,
): Promise<RunOutcome> {
  return inSpan<RunOutcome>(
    {
      name: `invoke_agent ${facts.agentName}`,
      kind: SpanKind.INTERNAL,
      attributes: turnAttributes(facts, options),
      parent: facts.traceContext,
      errorOf: (outcome) => (outcome.status === 'failed' ? outcome.error.code : undefined),
      record({ seconds, errorType, result, span }) {
        if (result !== undefined) span.setAttributes(outcomeAttributes(result, options));
        count(facts, seconds, errorType);
      },
    },
    work,
  );
}

/**
 * Records a turn that was done in steps, in several processes: its span has the turn's own times. The spans of its
 * steps are not the span's children but its siblings, as it is only written at the end.
 */
export function recordTurn(
  facts: TurnFacts,
  options: TelemetryOptions,
  turn: { startedAt: Date; endedAt: Date; outcome: RunOutcome },
): void {
  const { startedAt, endedAt, outcome } = turn;
  const errorType = outcome.status === 'failed' ? outcome.error.code : undefined;
  const attributes = { ...turnAttributes(facts, options), ...outcomeAttributes(outcome, options) };
  withRemoteParent(facts.traceContext, () => {
    const span = tracer().startSpan(`invoke_agent ${facts.agentName}`, {
      kind: SpanKind.INTERNAL,
      attributes,
      startTime: startedAt,
    });
    if (errorType !== undefined) markFailed(span, errorType);
    span.end(endedAt);
  });
  count(facts, (endedAt.getTime() - startedAt.getTime()) / 1000, errorType);
}

/** Measures how long a message waited for its turn, in milliseconds; what clocks that differ make negative counts as 0. */
export function countQueueWait({ agentName }: Pick<TurnFacts, 'agentName'>, queuedMs: number): void {
  instruments().queueWait.record(Math.max(queuedMs, 0) / 1000, { 'gen_ai.agent.name': agentName });
}

function count({ agentName, model }: TurnFacts, seconds: number, errorType: string | undefined): void {
  const attributes = known({
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.provider.name': providerName(model.provider),
    'gen_ai.request.model': model.modelId,
    'gen_ai.agent.name': agentName,
    'error.type': errorType,
  });
  instruments().turnDuration.record(seconds, attributes);
  const outcome = errorType === undefined ? 'completed' : 'failed';
  instruments().turns.add(1, known({ 'gen_ai.agent.name': agentName, outcome, 'error.type': errorType }));
}

function turnAttributes(facts: TurnFacts, options: TelemetryOptions): Attributes {
  const { messages } = facts;
  return known({
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.provider.name': providerName(facts.model.provider),
    'gen_ai.request.model': facts.model.modelId,
    'gen_ai.agent.name': facts.agentName,
    'gen_ai.agent.description': facts.agentDescription,
    'gen_ai.conversation.id': facts.sessionId,
    'gen_ai.output.type': facts.structured === undefined ? undefined : facts.structured ? 'json' : 'text',
    'durable_agents.correlation_id': facts.correlationId,
    'durable_agents.input.characters': messages && characters(messages),
    'gen_ai.input.messages': messages && capturesContent(options) ? inputMessages(messages) : undefined,
  });
}

function outcomeAttributes(outcome: RunOutcome, options: TelemetryOptions): Attributes {
  const usage = outcome.status === 'completed' ? outcome.response.usage : outcome.usage;
  if (outcome.status === 'failed') return usageAttributes(usage);
  const { response } = outcome;
  const last = response.messages.findLast(({ role }) => role === 'assistant');
  const isWanted = last !== undefined && capturesContent(options);
  return {
    ...usageAttributes(usage),
    ...known({
      'durable_agents.output.characters': response.text.length,
      'gen_ai.output.messages': isWanted ? outputMessages([last], response.finishReason ?? 'stop') : undefined,
    }),
  };
}

export function usageAttributes(usage: Usage | undefined): Attributes {
  return known({
    'gen_ai.usage.input_tokens': usage?.inputTokenCount,
    'gen_ai.usage.output_tokens': usage?.outputTokenCount,
  });
}

export function characters(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, message) => sum + messageText(message).length, 0);
}
