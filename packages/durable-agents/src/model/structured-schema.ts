import type { JsonObject, JsonSchema, JsonValue } from '../json.ts';
import { isLoose } from './loose-json.ts';

export interface WrappedSchema {
  /** A schema of an object. */
  schema: JsonSchema;
  /** Whether the answer stands in the object's field `value`. */
  isWrapped: boolean;
}

/**
 * The schema as models take it: they answer with objects only, so that a schema of anything else becomes the field
 * `value` of one. Definitions move to the top, and references are kept right.
 */
export function wrapSchema(schema: JsonSchema): WrappedSchema {
  if (schema.type === 'object') return { schema, isWrapped: false };
  const { $schema: _, $defs, definitions, title, ...inner } = schema;
  return {
    isWrapped: true,
    schema: {
      type: 'object',
      ...(title !== undefined && { title }),
      properties: { value: moveReferences(inner) },
      required: ['value'],
      additionalProperties: false,
      ...($defs !== undefined && { $defs: moveReferences($defs) }),
      ...(definitions !== undefined && { definitions: moveReferences(definitions) }),
    },
  };
}

/** The answer behind a wrapped one. A model that answered without the wrapping is understood as well. */
export function unwrapValue(value: JsonValue, isWrapped: boolean): JsonValue {
  if (!isWrapped || !isLoose(value) || !Object.hasOwn(value, 'value')) return value;
  return value.value as JsonValue;
}

function moveReferences(part: JsonValue): JsonValue {
  if (Array.isArray(part)) return part.map(moveReferences);
  if (!isLoose(part)) return part;
  const moved: JsonObject = {};
  for (const [key, value] of Object.entries(part as JsonObject)) {
    if (value === undefined) continue;
    moved[key] = key === '$ref' && typeof value === 'string' ? moveReference(value) : moveReferences(value);
  }
  return moved;
}

function moveReference(reference: string): string {
  const isMoved = reference === '#' || reference.startsWith('#/');
  return isMoved && !/^#\/(\$defs|definitions)\//.test(reference)
    ? `#/properties/value${reference.slice(1)}`
    : reference;
}
