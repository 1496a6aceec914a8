import type { JsonObject, JsonSchema, JsonValue } from '../json.ts';

const maxDepth = 20;

/**
 * A small JSON value that satisfies a simple JSON Schema: types, const, enum, default, required properties, anyOf and
 * oneOf (first branch), allOf, `$ref` to `$defs`, and the bounds of strings, numbers and arrays. An enum takes the
 * member that `text` mentions, else the first.
 */
export function minimalValue(schema: JsonSchema, text: string): JsonValue {
  return build(schema, { root: schema, text }, 0);
}

interface Scope {
  root: JsonSchema;
  text: string;
}

function build(given: JsonValue | undefined, scope: Scope, depth: number): JsonValue {
  if (depth > maxDepth || !isObject(given)) return null;
  const schema = resolve(given, scope.root);
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return mentionedMember(schema.enum, scope.text) ?? schema.enum[0] ?? null;
  if (schema.default !== undefined) return schema.default;
  const branches = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(branches)) return build(branches[0], scope, depth + 1);
  if (Array.isArray(schema.allOf)) return build(mergeAll(schema, schema.allOf, scope.root), scope, depth + 1);
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'string':
      return stringValue(schema);
    case 'integer':
    case 'number':
      return numberValue(schema);
    case 'boolean':
      return false;
    case 'array':
      return Array.from({ length: numberOr(schema.minItems, 0) }, () => build(schema.items, scope, depth + 1));
    case 'object':
      return objectValue(schema, scope, depth);
    default:
      return isObject(schema.properties) ? objectValue(schema, scope, depth) : null;
  }
}

function objectValue(schema: JsonObject, scope: Scope, depth: number): JsonObject {
  const value: JsonObject = {};
  const properties = isObject(schema.properties) ? schema.properties : {};
  for (const name of Array.isArray(schema.required) ? schema.required : []) {
    if (typeof name === 'string') value[name] = build(properties[name] ?? {}, scope, depth + 1);
  }
  return value;
}

function stringValue(schema: JsonObject): string {
  const formats: Record<string, string> = {
    'date-time': '2000-01-01T00:00:00Z',
    date: '2000-01-01',
    time: '00:00:00Z',
    email: 'offline@example.com',
    uri: 'https://example.com/',
    uuid: '00000000-0000-4000-8000-000000000000',
  };
  const text = (typeof schema.format === 'string' && formats[schema.format]) || '[offline model]';
  return text.padEnd(numberOr(schema.minLength, 0), '.').slice(0, numberOr(schema.maxLength, Number.MAX_SAFE_INTEGER));
}

function numberValue(schema: JsonObject): number {
  const step = schema.type === 'integer' ? 1 : 0.5;
  const least = Math.max(
    numberOr(schema.minimum, Number.NEGATIVE_INFINITY),
    numberOr(schema.exclusiveMinimum, Number.NEGATIVE_INFINITY) + step,
  );
  const most = Math.min(
    numberOr(schema.maximum, Number.POSITIVE_INFINITY),
    numberOr(schema.exclusiveMaximum, Number.POSITIVE_INFINITY) - step,
  );
  const value = Math.min(Math.max(0, least), most);
  return schema.type === 'integer' ? Math.ceil(value) : value;
}

/** The schema that a local `$ref` names, or the schema itself. */
export function resolve(schema: JsonObject, root: JsonSchema): JsonObject {
  let current = schema;
  for (let hops = 0; typeof current.$ref === 'string' && hops < maxDepth; hops++) {
    let target: JsonValue | undefined = root;
    for (const part of current.$ref.replace(/^#\/?/, '').split('/').filter(Boolean)) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
      target = isObject(target) && Object.hasOwn(target, key) ? target[key] : undefined;
    }
    if (!isObject(target)) return {};
    current = target;
  }
  return current;
}

function mergeAll(schema: JsonObject, parts: JsonValue[], root: JsonSchema): JsonObject {
  const { allOf: _, ...merged } = schema;
  for (const part of parts) {
    if (!isObject(part)) continue;
    const { properties, required, ...rest } = resolve(part, root);
    Object.assign(merged, rest);
    if (isObject(properties)) {
      merged.properties = { ...(isObject(merged.properties) ? merged.properties : {}), ...properties };
    }
    if (Array.isArray(required)) {
      merged.required = [...(Array.isArray(merged.required) ? merged.required : []), ...required];
    }
  }
  return merged;
}

/** The longest text member of an enum that occurs in the text as a whole word. */
export function mentionedMember(members: JsonValue[], text: string): JsonValue | undefined {
  const words = ` ${text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')} `;
  return members
    .filter((member) => typeof member === 'string')
    .filter((member) =>
      words.includes(
        ` ${member
          .toLowerCase()
          .replace(/[^\p{L}\p{N}]+/gu, ' ')
          .trim()} `,
      ),
    )
    .sort((left, right) => right.length - left.length)[0];
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOr(value: JsonValue | undefined, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}
