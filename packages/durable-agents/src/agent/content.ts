import type { JsonObject, JsonValue } from '../json.ts';

/** Metadata that any content may carry; it survives storage unchanged. */
interface ContentMetadata {
  extensionData?: JsonValue;
}

export interface TextContent extends ContentMetadata {
  type: 'text';
  text: string;
}

/** A model's visible reasoning. Kept for the record, never sent back to a model as an answer. */
export interface ReasoningContent extends ContentMetadata {
  type: 'reasoning';
  text?: string;
}

/** Inline binary data as a data URI. */
export interface DataContent extends ContentMetadata {
  type: 'data';
  uri: string;
  mediaType?: string;
}

/** A reference to something elsewhere, such as an image. */
export interface UriContent extends ContentMetadata {
  type: 'uri';
  uri: string;
  mediaType?: string;
}

/** A tool call that the model asks for. `arguments` is a string only if the model wrote something that is not a JSON object. */
export interface FunctionCallContent extends ContentMetadata {
  type: 'functionCall';
  callId: string;
  name: string;
  arguments?: JsonObject | string;
}

export interface FunctionResultContent extends ContentMetadata {
  type: 'functionResult';
  callId: string;
  result?: JsonValue;
}

export interface ErrorContent extends ContentMetadata {
  type: 'error';
  message?: string;
  errorCode?: string;
  details?: JsonValue;
}

export interface HostedFileContent extends ContentMetadata {
  type: 'hostedFile';
  fileId: string;
}

export interface HostedVectorStoreContent extends ContentMetadata {
  type: 'hostedVectorStore';
  vectorStoreId: string;
}

export interface UsageContent extends ContentMetadata {
  type: 'usage';
  usage: Usage;
}

/** Content that this version does not model. Kept as it came, never interpreted, never sent to a model. */
export interface UnknownContent extends ContentMetadata {
  type: 'unknown';
  content: JsonValue;
}

/** One part of a message. The wire form (official state schema 1.1.0) spells `type` as `$type`. */
export type Content =
  | TextContent
  | ReasoningContent
  | DataContent
  | UriContent
  | FunctionCallContent
  | FunctionResultContent
  | ErrorContent
  | HostedFileContent
  | HostedVectorStoreContent
  | UsageContent
  | UnknownContent;

/** Tokens used by one or more model calls. */
export interface Usage {
  inputTokenCount?: number;
  outputTokenCount?: number;
  totalTokenCount?: number;
  extensionData?: JsonObject;
}
