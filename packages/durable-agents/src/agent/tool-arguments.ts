import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { JsonObject, JsonValue } from '../json.ts';
import { parseJson } from './parse-json.ts';
import { schemaProblems } from './structured-answer.ts';
import type { AnyTool } from './tool.ts';
import { isStandardSchema } from './tool-json-schema.ts';

export type ArgumentsResult = { ok: true; value: unknown } | { ok: false; problem: string };

/**
 * Parses and validates what the model wrote as arguments of a call. Nothing and "" count as `{}`. Rejects if the schema
 * itself is broken.
 */
export async function readToolArguments(
  tool: AnyTool,
  written: JsonObject | string | undefined,
): Promise<ArgumentsResult> {
  const parsed = parseArguments(written);
  if (!parsed.ok) return parsed;
  const { parameters } = tool;
  if (!isStandardSchema(parameters)) {
    const problem = schemaProblems(parsed.value, parameters);
    return problem === undefined ? parsed : { ok: false, problem };
  }
  const result = await parameters['~standard'].validate(parsed.value);
  return result.issues ? { ok: false, problem: describeIssues(result.issues) } : { ok: true, value: result.value };
}

function parseArguments(
  written: JsonObject | string | undefined,
): { ok: true; value: JsonObject } | { ok: false; problem: string } {
  let value: JsonValue;
  try {
    // Objects take the same way as text: a copy that the tool may change, and no `__proto__` key.
    const text = typeof written === 'string' ? written : JSON.stringify(written ?? {});
    value = text.trim() === '' ? {} : parseJson(text);
  } catch (error) {
    return { ok: false, problem: `not valid JSON (${(error as Error).message.slice(0, 200)})` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const kind = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`;
    return { ok: false, problem: `must be a JSON object, got ${kind}` };
  }
  return { ok: true, value };
}

/** What is wrong by a schema, in one line. */
export function describeIssues(issues: readonly StandardSchemaV1.Issue[]): string {
  const shown = issues.slice(0, 5).map(({ path = [], message }) => {
    const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
    return keys.length === 0 ? message : `${keys.join('.')}: ${message}`;
  });
  if (issues.length > shown.length) shown.push(`and ${issues.length - shown.length} more`);
  return shown.join('; ');
}
