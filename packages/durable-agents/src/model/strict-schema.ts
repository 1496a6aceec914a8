import type { JsonObject, JsonSchema, JsonValue } from '../json.ts';
import { isLoose } from './loose-json.ts';

/** Keywords that strict mode takes everywhere. */
const plain = new Set([
  ...['$schema', '$defs', 'definitions', '$ref', 'type', 'enum', 'const', 'anyOf', 'title', 'description'],
  ...['properties', 'required', 'additionalProperties', 'items'],
]);
/** Keywords that OpenAI's strict mode takes, and Azure's documentation names as unsupported. */
const constraints = new Set([
  ...['pattern', 'format', 'multipleOf', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  ...['minItems', 'maxItems'],
]);

/** How OpenAI's APIs take a schema that the answer must satisfy. */
export interface NamedSchema extends JsonObject {
  name: string;
  schema: JsonSchema;
  strict: boolean;
}

export function namedSchema(schema: JsonSchema, provider: string): NamedSchema {
  const title = typeof schema.title === 'string' ? schema.title.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64) : '';
  const strict =
    schema.type === 'object' && schema.anyOf === undefined && isStrict(schema, provider !== 'azure-openai');
  return { name: title || 'answer', schema, strict };
}

/**
 * Whether strict mode takes the schema: objects that are closed and require all of their properties, and keywords it
 * knows. Any other is an error there; sent without it, the schema is a strong hint.
 */
function isStrict(schema: JsonValue | undefined, withConstraints: boolean): boolean {
  if (!isLoose(schema)) return false;
  const { $ref, type, properties, required, additionalProperties, items, anyOf, $defs, definitions } =
    schema as JsonObject;
  const keys = Object.keys(schema);
  if (!keys.every((key) => plain.has(key) || (withConstraints && constraints.has(key)))) return false;
  if ($ref !== undefined) return keys.every((key) => ['$ref', '$defs', 'definitions'].includes(key));
  if (type === undefined && anyOf === undefined && schema.enum === undefined && schema.const === undefined)
    return false;
  const nested: JsonValue[] = [];
  for (const map of [properties, $defs, definitions])
    if (isLoose(map)) nested.push(...(Object.values(map) as JsonValue[]));
  if (Array.isArray(anyOf)) nested.push(...anyOf);
  if (items !== undefined) nested.push(items);
  if (type === 'array' && items === undefined) return false;
  if (type === 'object' || properties !== undefined) {
    if (additionalProperties !== false) return false;
    const names = isLoose(properties) ? Object.keys(properties) : [];
    if (!names.every((name) => Array.isArray(required) && required.includes(name))) return false;
  }
  return nested.every((part) => isStrict(part, withConstraints));
}
