import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { ConfigurationError } from '../errors.ts';
import type { JsonSchema } from '../json.ts';
import { describeError } from './describe-error.ts';

/** Whether `parameters` is a Standard Schema. Some libraries make schemas that are functions. */
export function isStandardSchema(parameters: StandardSchemaV1 | JsonSchema): parameters is StandardSchemaV1 {
  return '~standard' in parameters;
}

/**
 * The JSON Schema that a model sees for a tool: the explicit one, else the schema's own conversion (Standard JSON
 * Schema), else `parameters` if it is a JSON Schema already.
 *
 * @throws ConfigurationError if there is none, or if it does not describe an object.
 */
export function toolJsonSchema(
  toolName: string,
  parameters: StandardSchemaV1 | JsonSchema,
  explicit: JsonSchema | undefined,
): JsonSchema {
  if (parameters === null || (typeof parameters !== 'object' && typeof parameters !== 'function')) {
    throw unusable(toolName, `its parameters are a ${typeof parameters}`, 'Pass a Standard Schema or a JSON Schema.');
  }
  const source = explicit ?? (isStandardSchema(parameters) ? convert(toolName, parameters) : parameters);
  // The meta-schema's address says nothing to a model; some servers refuse it.
  const { $schema: _, ...schema } = JSON.parse(JSON.stringify(source)) as JsonSchema;
  if (schema.type !== 'object') {
    throw unusable(
      toolName,
      'its parameters are not an object',
      'Models pass arguments by name: use an object schema.',
    );
  }
  return schema;
}

function convert(toolName: string, parameters: StandardSchemaV1): JsonSchema {
  const standard: Partial<StandardJSONSchemaV1.Props> = parameters['~standard'];
  if (standard.jsonSchema === undefined) {
    throw unusable(
      toolName,
      `schemas of "${parameters['~standard'].vendor}" do not convert themselves to JSON Schema`,
      'Pass parametersJsonSchema with the JSON Schema that the model should see.',
    );
  }
  try {
    return standard.jsonSchema.input({ target: 'draft-2020-12' }) as JsonSchema;
  } catch (error) {
    throw unusable(
      toolName,
      `its parameters have no JSON Schema (${describeError(error, 300)})`,
      'Use types that JSON can carry (a date is a string), or pass parametersJsonSchema.',
    );
  }
}

function unusable(toolName: string, problem: string, fix: string): ConfigurationError {
  return new ConfigurationError('invalidToolParameters', `tool "${toolName}": ${problem}.`, { fix });
}
