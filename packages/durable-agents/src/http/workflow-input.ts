import { RequestError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import { isObject } from '../state/stored-fields.ts';
import { parseJsonBody } from './json-body.ts';
import { bodyKind } from './media-type.ts';
import type { RawRequest } from './run-request.ts';

/** Keys with a meaning inside of other runtimes: no caller can forge an envelope of theirs with our help. */
const reserved: ReadonlySet<string> = new Set([
  '__subworkflow_input__',
  '__subworkflow_address__',
  '__pickled__',
  '__type__',
]);

/**
 * The input of a run: the JSON of the body, or its text.
 *
 * @throws RequestError `emptyInput`, `invalidJson` (400), `unsupportedMediaType` (415), `bodyTooLarge` (413)
 */
export async function readWorkflowBody(raw: RawRequest, maxBodyBytes: number): Promise<JsonValue> {
  const kind = bodyKind(raw.header('content-type'));
  if (kind === 'unsupported') {
    throw new RequestError('unsupportedMediaType', 415, 'The body must be application/json or text/plain.');
  }
  const body = await raw.readBody(maxBodyBytes);
  const text = new TextDecoder().decode(body).trim();
  if (text === '') {
    throw new RequestError('emptyInput', 400, 'The body is empty.', { fix: 'Send the input of the workflow in it.' });
  }
  return kind === 'json' ? withoutReserved(parseJsonBody(body)) : text;
}

function withoutReserved(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutReserved);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([key]) => !reserved.has(key));
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutReserved(item as JsonValue)]));
}
