import type { JsonObject } from '../json.ts';
import { boundText } from './bound-text.ts';

/**
 * Codes of the error results that a model gets in place of a tool's result. `unknownTool`, `invalidArguments`: not
 * called. `toolFailed`: it threw. `toolTimeout`: no result in time. `invalidToolResult`: no JSON form. `aborted`: the
 * run was stopped. `notRun`: the run ended before the call's turn. `interrupted`: a stored call without a result.
 * `rejected`: a person said no. `approvalExpired`: nobody decided in time.
 */
export type ToolErrorCode =
  | 'unknownTool'
  | 'invalidArguments'
  | 'toolFailed'
  | 'toolTimeout'
  | 'invalidToolResult'
  | 'aborted'
  | 'notRun'
  | 'interrupted'
  | 'rejected'
  | 'approvalExpired';

/** Longest message of an error result, in bytes. The whole result stays below 1 KiB for plain text. */
const maxMessageBytes = 900;

/** The result of a call that has no other: `{ "error": { "code", "message" } }`. */
export function toolError(code: ToolErrorCode, message: string): JsonObject {
  return { error: { code, message: boundText(message, maxMessageBytes) } };
}

/** The error result for a name that the run does not offer. Lists the names that it does. */
export function unknownToolError(name: string, available: readonly string[]): JsonObject {
  const known = available.length === 0 ? 'No tools are available.' : `Available tools: ${available.join(', ')}.`;
  return toolError('unknownTool', `There is no tool "${boundText(name, 100)}". ${known}`);
}
