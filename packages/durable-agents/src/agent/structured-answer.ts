import { Validator } from '@cfworker/json-schema';
import { AgentRunError, type DurableAgentError, ModelError } from '../errors.ts';
import type { JsonSchema, JsonValue } from '../json.ts';
import type { ChatResponse } from '../model/chat-client.ts';
import { unwrapValue, wrapSchema } from '../model/structured-schema.ts';
import { boundText } from './bound-text.ts';
import { parseJson } from './parse-json.ts';

/** Compiling a schema costs more than using it; a run uses the same object again and again. */
const validators = new WeakMap<JsonSchema, Validator>();

const fix = 'Use a model that supports structured output, or ask for JSON in the instructions as well.';

/** Reads the text of a structured answer and checks it against its schema (JSON Schema 2020-12). */
export function readStructured(
  text: string,
  response: Pick<ChatResponse, 'finishReason'>,
  schema: JsonSchema,
): { ok: true; value: JsonValue } | { ok: false; error: DurableAgentError } {
  let value: JsonValue;
  try {
    value = unwrapValue(parseJson(text), wrapSchema(schema).isWrapped);
  } catch (cause) {
    if (response.finishReason === 'length') {
      const message = 'The model reached its output limit in the middle of the structured answer.';
      const advice = 'Raise options.maxOutputTokens, or ask for less.';
      return { ok: false, error: new ModelError('modelTruncated', message, { fix: advice, cause }) };
    }
    const message = 'The model was asked for JSON and answered with something else.';
    return { ok: false, error: new AgentRunError('invalidStructuredOutput', message, { fix, cause }) };
  }
  const problems = schemaProblems(value, schema);
  if (problems === undefined) return { ok: true, value };
  const message = `The model's answer does not fit the schema: ${problems}.`;
  return { ok: false, error: new AgentRunError('invalidStructuredOutput', message, { fix }) };
}

/** What is wrong with a value by a schema, in one line; undefined if nothing is. */
export function schemaProblems(value: JsonValue, schema: JsonSchema): string | undefined {
  let validator = validators.get(schema);
  if (validator === undefined) {
    validator = new Validator(schema, '2020-12', false);
    validators.set(schema, validator);
  }
  const { valid, errors } = validator.validate(value);
  if (valid) return undefined;
  // The outermost errors say only that something inside is wrong; the last ones say what.
  const shown = errors
    .slice(-3)
    .map(({ instanceLocation, error }) => `${instanceLocation}: ${error.replace(/\.$/, '')}`);
  return boundText(shown.join('; '), 500);
}
