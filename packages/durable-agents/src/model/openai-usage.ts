import type { Usage } from '../agent/content.ts';
import type { JsonObject } from '../json.ts';
import { countOrNothing, isLoose, type Loose } from './loose-json.ts';

/** The usage that Chat Completions reports; a count that makes no sense is left out. */
export function chatUsage(value: unknown): Usage | undefined {
  if (!isLoose(value)) return undefined;
  return toUsage(
    [value.prompt_tokens, value.completion_tokens, value.total_tokens],
    value.prompt_tokens_details,
    value.completion_tokens_details,
  );
}

/** The usage that the Responses API reports. */
export function responsesUsage(value: unknown): Usage | undefined {
  if (!isLoose(value)) return undefined;
  return toUsage(
    [value.input_tokens, value.output_tokens, value.total_tokens],
    value.input_tokens_details,
    value.output_tokens_details,
  );
}

function toUsage(
  [input, output, total]: [unknown, unknown, unknown],
  inputDetails: unknown,
  outputDetails: unknown,
): Usage | undefined {
  const usage: Usage = {};
  setCount(usage as Loose, 'inputTokenCount', input);
  setCount(usage as Loose, 'outputTokenCount', output);
  setCount(usage as Loose, 'totalTokenCount', total);
  const details: JsonObject = {};
  setCount(details, 'cachedInputTokenCount', isLoose(inputDetails) ? inputDetails.cached_tokens : undefined);
  setCount(details, 'reasoningTokenCount', isLoose(outputDetails) ? outputDetails.reasoning_tokens : undefined);
  if (Object.keys(details).length > 0) usage.extensionData = details;
  return Object.keys(usage).length > 0 ? usage : undefined;
}

function setCount(target: Loose, name: string, value: unknown): void {
  const count = countOrNothing(value);
  if (count !== undefined) target[name] = count;
}
