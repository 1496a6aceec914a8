import { type Attributes, SpanKind } from '@opentelemetry/api';
import type { ModelOutcome } from '../agent/effects.ts';
import type { ChatRequest, ChatResponse, ChatUpdate } from '../model/chat-client.ts';
import { instruments } from './instruments.ts';
import { finishReasonName, inputMessages, outputMessages, systemInstructions } from './message-content.ts';
import { inSpan, known } from './operation.ts';
import { providerName } from './provider-name.ts';
import { capturesContent, type TelemetryOptions } from './telemetry-options.ts';
import type { TraceCarrier } from './trace-context.ts';
import { characters, usageAttributes } from './turn-telemetry.ts';

export interface ModelCallFacts {
  agentName: string;
  sessionId: string;
  model: { provider: string; modelId: string | undefined };
  request: ChatRequest;
  /** Only needed where the turn's span is not the present one. */
  traceContext?: TraceCarrier | undefined;
}

/** What a model call tells while it runs. */
export interface ModelCallMeter {
  /** For every update of the stream: takes the time of the first, and counts retries. `attempt` counts from 1. */
  onUpdate(update: ChatUpdate, attempt: number): void;
}

/** Makes a model call, with its retries, in the span `chat {model}`, and measures it. */
export function traceModelCall(
  facts: ModelCallFacts,
  options: TelemetryOptions,
  work: (meter: ModelCallMeter) => Promise<ModelOutcome>,
): Promise<ModelOutcome> {
  const { model } = facts;
  const startedAt = performance.now();
  const base = known({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': providerName(model.provider),
    'gen_ai.request.model': model.modelId,
  });
  let firstChunk: number | undefined;
  let retries = 0;
  const meter: ModelCallMeter = {
    onUpdate(update, attempt) {
      retries = Math.max(retries, attempt - 1);
      if (update.type !== 'response') firstChunk ??= (performance.now() - startedAt) / 1000;
    },
  };
  return inSpan<ModelOutcome>(
    {
      name: model.modelId === undefined ? 'chat' : `chat ${model.modelId}`,
      kind: SpanKind.CLIENT,
      attributes: { ...base, ...requestAttributes(facts, options) },
      parent: facts.traceContext,
      errorOf: (outcome) => (outcome.ok ? undefined : outcome.error.code),
      record({ seconds, errorType, result, span }) {
        const response = result?.ok ? result.value : undefined;
        if (response !== undefined) span.setAttributes(responseAttributes(response, options));
        if (retries > 0) span.setAttribute('durable_agents.model.retries', retries);
        measure(base, { seconds, errorType, response, firstChunk, retries });
      },
    },
    () => work(meter),
  );
}

interface Measured {
  seconds: number;
  errorType: string | undefined;
  response: ChatResponse | undefined;
  firstChunk: number | undefined;
  retries: number;
}

function measure(base: Attributes, { seconds, errorType, response, firstChunk, retries }: Measured): void {
  const { modelDuration, modelRetries, timeToFirstChunk, tokenUsage } = instruments();
  const answered = { ...base, ...known({ 'gen_ai.response.model': response?.modelId }) };
  modelDuration.record(seconds, { ...answered, ...known({ 'error.type': errorType }) });
  if (firstChunk !== undefined) timeToFirstChunk.record(firstChunk, answered);
  if (retries > 0) modelRetries.add(retries, base);
  const { inputTokenCount, outputTokenCount } = response?.usage ?? {};
  if (inputTokenCount !== undefined) tokenUsage.record(inputTokenCount, { ...answered, 'gen_ai.token.type': 'input' });
  if (outputTokenCount !== undefined) {
    tokenUsage.record(outputTokenCount, { ...answered, 'gen_ai.token.type': 'output' });
  }
}

function requestAttributes({ agentName, sessionId, request }: ModelCallFacts, options: TelemetryOptions): Attributes {
  const { messages, options: chat, responseFormat } = request;
  const isInstruction = (role: string) => role === 'system' || role === 'developer';
  const instructions = messages.filter(({ role }) => isInstruction(role));
  const withContent = capturesContent(options);
  return known({
    'gen_ai.agent.name': agentName,
    'gen_ai.conversation.id': sessionId,
    'gen_ai.request.temperature': chat.temperature,
    'gen_ai.request.top_p': chat.topP,
    'gen_ai.request.max_tokens': chat.maxOutputTokens,
    'gen_ai.request.stop_sequences': chat.stop,
    'gen_ai.request.seed': chat.seed,
    'gen_ai.output.type': responseFormat === undefined ? undefined : 'json',
    'durable_agents.input.messages': messages.length,
    'durable_agents.input.characters': characters(messages),
    'gen_ai.system_instructions': withContent && instructions.length > 0 ? systemInstructions(instructions) : undefined,
    'gen_ai.input.messages': withContent
      ? inputMessages(messages.filter(({ role }) => !isInstruction(role)))
      : undefined,
  });
}

function responseAttributes(response: ChatResponse, options: TelemetryOptions): Attributes {
  const { messages, finishReason, responseId, modelId, usage } = response;
  return {
    ...usageAttributes(usage),
    ...known({
      'gen_ai.response.id': responseId,
      'gen_ai.response.model': modelId,
      'gen_ai.response.finish_reasons': [finishReasonName(finishReason)],
      'durable_agents.output.characters': characters(messages),
      'gen_ai.output.messages': capturesContent(options) ? outputMessages(messages, finishReason) : undefined,
    }),
  };
}
