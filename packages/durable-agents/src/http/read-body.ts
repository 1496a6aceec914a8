import { RequestError } from '../errors.ts';

/**
 * Reads a body of at most `maxBytes` bytes; stops reading as soon as there is more.
 *
 * @throws RequestError `bodyTooLarge` (413).
 */
export async function readBody(
  stream: ReadableStream<Uint8Array> | null,
  contentLength: string | null,
  maxBytes: number,
): Promise<Uint8Array> {
  if (Number(contentLength ?? 0) > maxBytes) throw bodyTooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw bodyTooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function bodyTooLarge(maxBytes: number): RequestError {
  return new RequestError('bodyTooLarge', 413, `The body is larger than ${maxBytes} bytes.`);
}
