import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { AgentRunError, ConfigurationError } from '../errors.ts';
import type { JsonSchema } from '../json.ts';
import { describeError } from './describe-error.ts';
import type { AgentResponse } from './response.ts';
import { describeIssues } from './tool-arguments.ts';
import { isStandardSchema } from './tool-json-schema.ts';

/** What a structured answer looks like: a Standard Schema (zod, arktype, …), or a plain JSON Schema (2020-12). */
export type ResponseFormat = StandardSchemaV1 | JsonSchema;

/** The response to a run with that format: a Standard Schema gives `value` its type. */
export type TypedResponse<Format extends ResponseFormat> = Format extends StandardSchemaV1
  ? Omit<AgentResponse, 'value'> & { value: StandardSchemaV1.InferOutput<Format> }
  : AgentResponse;

/** Converted once, so that what is compiled for a schema is found again. */
const converted = new WeakMap<StandardSchemaV1, JsonSchema>();

/**
 * The JSON Schema of a format, as it travels to the session and to the model.
 *
 * @throws ConfigurationError `invalidResponseFormat` if the schema cannot say what it is as JSON Schema.
 */
export function formatJsonSchema(format: ResponseFormat | undefined): JsonSchema | undefined {
  if (format === undefined || !isStandardSchema(format)) return format;
  let schema = converted.get(format);
  if (schema === undefined) {
    schema = convert(format);
    converted.set(format, schema);
  }
  return schema;
}

/**
 * The value of an answer as its format gives it: parsed, with defaults and transformations.
 *
 * @throws AgentRunError `invalidStructuredOutput` if a rule of the schema is broken that JSON Schema cannot say.
 */
export function formatValue(format: StandardSchemaV1, value: unknown): unknown {
  const result = format['~standard'].validate(value);
  return result instanceof Promise ? result.then(checked) : checked(result);
}

/** A response with the value as its format gives it. */
export async function typedResponse(
  response: AgentResponse,
  format: ResponseFormat | undefined,
): Promise<AgentResponse> {
  if (format === undefined || !isStandardSchema(format)) return response;
  return { ...response, value: (await formatValue(format, response.value)) as never };
}

function checked(result: StandardSchemaV1.Result<unknown>): unknown {
  if (result.issues === undefined) return result.value;
  const message = `The model's answer does not fit the schema: ${describeIssues(result.issues)}.`;
  throw new AgentRunError('invalidStructuredOutput', message, {
    fix: 'Say the rule in the instructions too: a model only sees what JSON Schema can express.',
  });
}

function convert(format: StandardSchemaV1): JsonSchema {
  const standard: Partial<StandardJSONSchemaV1.Props> = format['~standard'];
  const fix = 'Use a library that converts its schemas (zod 4, arktype), types that JSON can carry, or a JSON Schema.';
  if (standard.jsonSchema === undefined) {
    const message = `Schemas of "${format['~standard'].vendor}" do not convert themselves to JSON Schema.`;
    throw new ConfigurationError('invalidResponseFormat', message, { fix });
  }
  try {
    const { $schema: _, ...schema } = standard.jsonSchema.input({ target: 'draft-2020-12' }) as JsonSchema;
    return schema as JsonSchema;
  } catch (cause) {
    const message = `The response format has no JSON Schema (${describeError(cause, 300)}).`;
    throw new ConfigurationError('invalidResponseFormat', message, { fix, cause });
  }
}
