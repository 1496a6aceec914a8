import { isLongNumber } from './lossless-json.ts';

/** What a known field must be. `integer` takes 64-bit counters too. */
export type FieldKind = 'string' | 'integer' | 'object' | 'objectOrString' | 'usage' | 'any';

export interface FieldRule {
  readonly kind: FieldKind;
  readonly required?: boolean;
}

const required = (kind: FieldKind): FieldRule => ({ kind, required: true });
const optional = (kind: FieldKind): FieldRule => ({ kind });

/** Known contents and their known fields. Looser than schema 1.1 where 2.0 is: what others wrote must stay readable. */
export const contentFields: ReadonlyMap<string, Readonly<Record<string, FieldRule>>> = new Map([
  ['text', { text: required('string') }],
  ['reasoning', { text: optional('string') }],
  ['data', { uri: required('string'), mediaType: optional('string') }],
  ['uri', { uri: required('string'), mediaType: optional('string') }],
  ['functionCall', { callId: required('string'), name: required('string'), arguments: optional('objectOrString') }],
  ['functionResult', { callId: required('string') }],
  ['error', { message: optional('string'), errorCode: optional('string') }],
  ['hostedFile', { fileId: required('string') }],
  ['hostedVectorStore', { vectorStoreId: required('string') }],
  ['usage', { usage: required('usage') }],
  ['unknown', { content: required('any') }],
]);

export const usageFields: Readonly<Record<string, FieldRule>> = {
  inputTokenCount: optional('integer'),
  outputTokenCount: optional('integer'),
  totalTokenCount: optional('integer'),
};

export const messageFields: Readonly<Record<string, FieldRule>> = {
  role: required('string'),
  authorName: optional('string'),
  createdAt: optional('string'),
  messageId: optional('string'),
};

export const entryFields: Readonly<Record<string, FieldRule>> = {
  $type: optional('string'),
  correlationId: optional('string'),
  createdAt: optional('string'),
  orchestrationId: optional('string'),
  responseType: optional('string'),
  responseSchema: optional('object'),
  usage: optional('usage'),
};

/** A JSON object; not an array, and not a number that was kept as text. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLongNumber(value);
}

export function isInteger(value: unknown): boolean {
  return Number.isInteger(value) || isLongNumber(value);
}
