import type { ToolCallRequest } from '../../src/agent/effects.ts';
import type { ChatMessage } from '../../src/agent/message.ts';
import type { RunContext } from '../../src/agent/run-context.ts';
import type { JsonObject, JsonValue } from '../../src/json.ts';
import type { Logger } from '../../src/log.ts';

export interface LogLine {
  level: string;
  message: string;
  fields: JsonObject | undefined;
}

export function recordingLogger(): Logger & { lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: string) => (message: string, fields?: JsonObject) => {
    lines.push({ level, message, fields });
  };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export function runContext(overrides: Partial<RunContext> = {}): RunContext {
  return {
    sessionId: '@dafx-a@s1',
    correlationId: 'c1',
    signal: new AbortController().signal,
    log: recordingLogger(),
    ...overrides,
  };
}

export function toolCall(
  name: string,
  args?: JsonObject | string,
  place: Partial<ToolCallRequest> = {},
): ToolCallRequest {
  return { callId: 'call_1', name, ...(args !== undefined && { arguments: args }), iteration: 1, index: 0, ...place };
}

/** The `error` of an error result; fails if the result is none. */
export function errorOf(result: JsonValue): { code: string; message: string } {
  const error = (result as JsonObject | null)?.error as { code?: string; message?: string } | undefined;
  if (typeof error?.code !== 'string' || typeof error.message !== 'string') {
    throw new Error(`not an error result: ${JSON.stringify(result)}`);
  }
  return { code: error.code, message: error.message };
}

/** Call ids and result ids in the order they stand in the messages. */
export function callsAndResults(messages: readonly ChatMessage[]): { calls: string[]; results: string[] } {
  const contents = messages.flatMap((message) => message.contents);
  return {
    calls: contents.flatMap((content) => (content.type === 'functionCall' ? [content.callId] : [])),
    results: contents.flatMap((content) => (content.type === 'functionResult' ? [content.callId] : [])),
  };
}
