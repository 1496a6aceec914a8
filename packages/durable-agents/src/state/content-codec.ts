import type { Content, Usage } from '../agent/content.ts';
import type { JsonObject } from '../json.ts';
import { extensionKey, type StoredContent } from './entity-state.ts';
import { contentFields, isObject } from './stored-fields.ts';

/** Media type written for a reference that has none: schema 1.1 demands one. */
const anyMediaType = 'application/octet-stream';

/** A content in the form of schema 2, which takes all of it as it is. */
export function storeContentLossless({ type, ...fields }: Content): StoredContent {
  return withoutUndefined({ $type: type, ...fields }) as StoredContent;
}

/** A content in its stored form. What schema 1.1 has no place for goes under our key of its `extensionData`. */
export function storeContent(content: Content): StoredContent {
  const { type, ...fields } = content;
  const stored = withoutUndefined({ $type: type, ...fields }) as StoredContent;
  if (content.type === 'functionCall' && typeof content.arguments === 'string') {
    // Schema 1.1 knows objects only; the model's own words must still come back as they were.
    delete stored.arguments;
    return withExtra(stored, { arguments: content.arguments });
  }
  if (content.type === 'uri' && content.mediaType === undefined) {
    return withExtra({ ...stored, mediaType: anyMediaType }, { noMediaType: true });
  }
  return stored;
}

/** The content behind a stored one. A kind that this version does not know comes back whole, as `unknown`. */
export function readContent(stored: StoredContent): Content {
  const fields = contentFields.get(stored.$type);
  if (fields === undefined) return { type: 'unknown', content: stored };
  const content: Record<string, unknown> = { type: stored.$type };
  for (const [name, { kind }] of Object.entries(fields)) {
    const value = stored[name];
    if (value === undefined || (value === null && kind !== 'any')) continue;
    content[name] = kind === 'usage' ? readUsage(value as JsonObject) : value;
  }
  // These two take any JSON, null included.
  if (stored.$type === 'functionResult' && stored.result !== undefined) content.result = stored.result;
  if (stored.$type === 'error' && stored.details !== undefined && stored.details !== null) {
    content.details = stored.details;
  }
  if (stored.extensionData !== undefined) content.extensionData = stored.extensionData;
  return restoreExtra(content) as unknown as Content;
}

/** Usage with the counters that are there; other runtimes write `null` for those that are not. */
export function readUsage(stored: JsonObject): Usage {
  const usage: JsonObject = {};
  for (const [name, value] of Object.entries(stored)) if (value !== null) usage[name] = value;
  return usage as Usage;
}

export function withoutUndefined(object: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as JsonObject;
}

/** Puts our facts in the place of the content's own metadata, which moves in with them. */
function withExtra(stored: StoredContent, extra: JsonObject): StoredContent {
  const { extensionData } = stored;
  return { ...stored, extensionData: { [extensionKey]: withoutUndefined({ ...extra, extensionData }) } };
}

function restoreExtra(content: Record<string, unknown>): Record<string, unknown> {
  const extra = isObject(content.extensionData) ? content.extensionData[extensionKey] : undefined;
  if (!isObject(extra)) return content;
  const { extensionData: _, ...rest } = content;
  const own = extra.extensionData === undefined ? {} : { extensionData: extra.extensionData };
  if (content.type === 'functionCall' && typeof extra.arguments === 'string') {
    return { ...rest, arguments: extra.arguments, ...own };
  }
  if (content.type === 'uri' && extra.noMediaType === true) {
    const { mediaType: _mediaType, ...withoutMediaType } = rest;
    return { ...withoutMediaType, ...own };
  }
  return content;
}
