import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { schemaProblems } from '../agent/structured-answer.ts';
import type { JsonSchema, JsonValue } from '../json.ts';
import { MessageType } from './message-type.ts';

/** What an executor or a port declares of its values. */
export type ValueSchema = StandardSchemaV1 | JsonSchema | MessageType<unknown>;

/** Type of the values that a schema takes: what others send. `unknown` where it does not say. */
export type Written<Schema> =
  Schema extends MessageType<infer Value>
    ? Value
    : Schema extends StandardSchemaV1
      ? StandardSchemaV1.InferInput<Schema>
      : unknown;

/** Type of the values that a schema gives: what a handler receives. */
export type Read<Schema> =
  Schema extends MessageType<infer Value>
    ? Value
    : Schema extends StandardSchemaV1
      ? StandardSchemaV1.InferOutput<Schema>
      : unknown;

export type Checked = { ok: true; value: unknown } | { ok: false; problem: string };

/** Checks a JSON value by a schema and gives what the schema makes of it. Rejects if the schema itself is broken. */
export async function checkValue(schema: ValueSchema | undefined, value: JsonValue): Promise<Checked> {
  if (schema === undefined) return { ok: true, value };
  if (isMessageType(schema)) {
    if (schema.codec === undefined) return checkValue(schema.schema, value);
    const decoded: unknown = schema.codec.decode(value);
    return isStandard(schema.schema) ? validate(schema.schema, decoded) : { ok: true, value: decoded };
  }
  if (isStandard(schema)) return validate(schema, value);
  const problem = schemaProblems(value, schema);
  return problem === undefined ? { ok: true, value } : { ok: false, problem };
}

async function validate(schema: StandardSchemaV1, value: unknown): Promise<Checked> {
  const result = await schema['~standard'].validate(value);
  return result.issues ? { ok: false, problem: describeIssues(result.issues) } : { ok: true, value: result.value };
}

function describeIssues(issues: readonly StandardSchemaV1.Issue[]): string {
  const shown = issues.slice(0, 5).map(({ path = [], message }) => {
    const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
    return keys.length === 0 ? message : `${keys.join('.')}: ${message}`;
  });
  if (issues.length > shown.length) shown.push(`and ${issues.length - shown.length} more`);
  return shown.join('; ');
}

/**
 * The JSON Schema of what a schema takes; undefined if it cannot say. For people, forms and checks at build time; values
 * are always checked by the schema itself.
 */
export function jsonSchemaOf(schema: ValueSchema | undefined): JsonSchema | undefined {
  if (schema === undefined) return undefined;
  if (isMessageType(schema)) return schema.codec === undefined ? jsonSchemaOf(schema.schema) : undefined;
  if (!isStandard(schema)) return schema;
  const standard: Partial<StandardJSONSchemaV1.Props> = schema['~standard'];
  try {
    const { $schema: _, ...json } = (standard.jsonSchema?.input({ target: 'draft-2020-12' }) ?? {}) as JsonSchema;
    return standard.jsonSchema === undefined ? undefined : (JSON.parse(JSON.stringify(json)) as JsonSchema);
  } catch {
    // Some types (a date, a transform) have no JSON Schema. Nothing depends on it.
    return undefined;
  }
}

export function isMessageType(schema: unknown): schema is MessageType<unknown> {
  return schema instanceof MessageType || (schema as { kind?: unknown } | undefined)?.kind === 'messageType';
}

export function isStandard(schema: unknown): schema is StandardSchemaV1 {
  const isHolder = (typeof schema === 'object' && schema !== null) || typeof schema === 'function';
  return isHolder && '~standard' in schema;
}

/** Whether a value can be a schema at all. */
export function isSchema(schema: unknown): boolean {
  return isStandard(schema) || isMessageType(schema) || (typeof schema === 'object' && schema !== null);
}
