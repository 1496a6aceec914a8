import type { IncomingMessage } from 'node:http';

/** How reading a body ended. `aborted`: the client went away. */
export type BodyOutcome =
  | { readonly kind: 'complete'; readonly body: Buffer }
  | { readonly kind: 'tooLarge' }
  | { readonly kind: 'aborted' };

/** Whether the client announced more than the limit, so that nothing of it need be read. */
export function announcesTooMuch(request: IncomingMessage, maxBytes: number): boolean {
  return Number(request.headers['content-length'] ?? 0) > maxBytes;
}

/**
 * Reads a request's body whole, with or without a Content-Length. (The real host loses a chunked body when the app does
 * not stream.) Ends as soon as the limit is passed and keeps nothing then.
 *
 * @param maxBytes the largest body that is accepted
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<BodyOutcome> {
  if (announcesTooMuch(request, maxBytes)) {
    return { kind: 'tooLarge' };
  }
  return await new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let size = 0;
    const finish = (outcome: BodyOutcome): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      chunks = [];
      resolve(outcome);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) {
        finish({ kind: 'tooLarge' });
      } else {
        chunks.push(chunk);
      }
    };
    const onEnd = (): void => {
      const [only] = chunks;
      finish({ kind: 'complete', body: chunks.length === 1 && only ? only : Buffer.concat(chunks, size) });
    };
    const onClose = (): void => finish({ kind: 'aborted' });
    request.on('data', onData).on('end', onEnd).on('close', onClose);
    if (request.destroyed && !request.readableEnded) {
      onClose();
    }
  });
}
