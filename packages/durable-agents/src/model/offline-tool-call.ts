import type { JsonObject, JsonSchema, JsonValue } from '../json.ts';
import type { ToolDeclaration } from './chat-client.ts';
import { isObject, mentionedMember, minimalValue, resolve } from './offline-value.ts';
import { sharedWords, tellingWords } from './offline-words.ts';

/** A word of the tool's name counts as much as two of its description. One word of a description alone is no match. */
const nameWeight = 2;
const leastScore = 2;

/** The tool whose name and description share most words with the text; of equals the first. */
export function matchingTool(tools: readonly ToolDeclaration[], text: string): ToolDeclaration | undefined {
  const said = tellingWords(text);
  let best: ToolDeclaration | undefined;
  let bestScore = leastScore - 1;
  for (const tool of tools) {
    const inName = tellingWords(tool.name);
    const inDescription = new Set([...tellingWords(tool.description)].filter((word) => !inName.has(word)));
    const score = nameWeight * sharedWords(inName, said) + sharedWords(inDescription, said);
    if (score > bestScore) {
      best = tool;
      bestScore = score;
    }
  }
  return best;
}

/**
 * Arguments made from a JSON Schema and the user's text, by rule: an enum takes the member that is mentioned; a number
 * the next number; a boolean false; a string the next quoted text, else the next words after in, for, of, about, to,
 * from, at or with, else the whole text. Optional ones are left out if nothing in the text fits.
 */
export function argumentsFromText(schema: JsonSchema, text: string): JsonObject {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  const found = {
    texts: [...text.matchAll(/"([^"]+)"|“([^”]+)”|(?<!\p{L})'([^']+)'(?!\p{L})/gu)].map(
      (m) => m[1] ?? m[2] ?? m[3] ?? '',
    ),
    phrases: phrases(text),
    numbers: [...text.matchAll(/(?<![\p{L}\p{N}])-?\d+(?:\.\d+)?/gu)].map((match) => Number(match[0])),
  };
  const args: JsonObject = {};
  for (const [name, given] of Object.entries(properties)) {
    if (!isObject(given)) continue;
    const property = resolve(given, schema);
    const value =
      fromText(property, text, found) ?? (required.includes(name) ? fallback(property, schema, text) : undefined);
    if (value !== undefined) args[name] = value;
  }
  return args;
}

interface Found {
  texts: string[];
  phrases: string[];
  numbers: number[];
}

/** Each quoted text, phrase and number is used once. */
function fromText(property: JsonObject, text: string, found: Found): JsonValue | undefined {
  if (Array.isArray(property.enum)) return mentionedMember(property.enum, text);
  switch (property.type) {
    case 'string':
      return found.texts.shift() ?? found.phrases.shift();
    case 'number':
      return found.numbers.shift();
    case 'integer': {
      const index = found.numbers.findIndex(Number.isInteger);
      return index < 0 ? undefined : found.numbers.splice(index, 1)[0];
    }
    default:
      return undefined;
  }
}

function fallback(property: JsonObject, root: JsonSchema, text: string): JsonValue {
  const isFreeText = property.type === 'string' && property.enum === undefined && property.const === undefined;
  if (isFreeText) return text.slice(0, 1000);
  return minimalValue({ ...property, $defs: root.$defs, definitions: root.definitions }, text);
}

/** What stands after a preposition: a run of capitalised words ("New York"), else one word. */
function phrases(text: string): string[] {
  const pattern =
    /(?<!\p{L})(?:in|for|of|about|to|from|at|with)\s+(?:the\s+|a\s+|an\s+)?((?:\p{Lu}[\p{L}\p{N}'-]*)(?:\s+\p{Lu}[\p{L}\p{N}'-]*)*|[\p{L}\p{N}][\p{L}\p{N}'-]*)/gu;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? '').filter((phrase) => phrase !== '');
}
