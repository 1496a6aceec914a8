import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/sdk/types.js';
import { utf8Bytes } from '../agent/bound-text.ts';
import { toJsonResult } from '../agent/to-json-result.ts';
import type { JsonObject, JsonValue } from '../json.ts';

/** A tool of an MCP server said that it failed; the message is the server's. */
export class McpToolError extends Error {
  override name = 'McpToolError';
}

/** Longest base64 text that a model is given. Half a picture is of no use to it, so longer data is left out whole. */
const maxDataBytes = 32_768;

/**
 * What a model is given of a result: the structured content if there is some, with the images and files beside it as
 * `{ structuredContent, content }`; else the text, if there is nothing but text; else the list of its parts.
 *
 * @throws McpToolError if the result says that the call failed
 */
export function mcpResult(result: CallToolResult): JsonValue {
  const { content, structuredContent, isError } = result;
  if (isError) throw new McpToolError(textOf(content) || 'The server gave no reason.');
  const parts = content.map(partOf);
  if (structuredContent !== undefined) {
    // By the protocol, text beside structured content is the same once more.
    const others = parts.filter((part) => typeof part !== 'string');
    const structured = toJsonResult(structuredContent);
    return others.length === 0 ? structured : { structuredContent: structured, content: others };
  }
  return parts.every((part) => typeof part === 'string') ? parts.join('\n') : parts;
}

function textOf(content: readonly ContentBlock[]): string {
  return content
    .map((part) => (part.type === 'text' ? part.text : ''))
    .filter((text) => text !== '')
    .join('\n');
}

function partOf(part: ContentBlock): string | JsonObject {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'image':
    case 'audio':
      return { type: 'data', mediaType: part.mimeType, ...dataOf(part.data) };
    case 'resource_link': {
      const { uri, name, mimeType, description } = part;
      return { type: 'uri', uri, name, ...mediaTypeOf(mimeType), ...(description !== undefined && { description }) };
    }
    case 'resource': {
      const { uri, mimeType } = part.resource;
      const body = 'text' in part.resource ? { text: part.resource.text } : dataOf(part.resource.blob);
      return { type: 'resource', uri, ...mediaTypeOf(mimeType), ...body };
    }
  }
}

function mediaTypeOf(mediaType: string | undefined): JsonObject {
  return mediaType === undefined ? {} : { mediaType };
}

function dataOf(data: string): JsonObject {
  const totalBytes = utf8Bytes(data);
  if (totalBytes <= maxDataBytes) return { encoding: 'base64', data };
  return { omitted: true, totalBytes, note: `Data of more than ${maxDataBytes} bytes in base64 is left out.` };
}
