import type { IncomingMessage, ServerResponse } from 'node:http';

/** How long a client that is still sending gets to read the answer. */
const LINGER_MS = 500;

/** How much of what it sends meanwhile is thrown away; then it is left waiting, so that it cannot keep this host busy. */
const MAX_DISCARDED_BYTES = 8 * 1024 * 1024;

/**
 * Answers 413 at once and closes the connection. What the client still sends meanwhile is thrown away unread: closing
 * right away would reset the connection, and the reset can overtake the answer.
 */
export function refuseBody(request: IncomingMessage, response: ServerResponse, maxBytes: number): void {
  const text = `The body is larger than this host accepts (${maxBytes} bytes).\n`;
  response.writeHead(413, {
    connection: 'close',
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.write(text);
  let discarded = 0;
  const discard = (chunk: Buffer): void => {
    discarded += chunk.length;
    if (discarded > MAX_DISCARDED_BYTES) {
      request.pause();
    }
  };
  const finish = (): void => {
    clearTimeout(timer);
    request.off('data', discard).off('end', finish).off('close', finish);
    response.end(() => request.destroy());
  };
  const timer = setTimeout(finish, LINGER_MS);
  request.on('data', discard).on('end', finish).on('close', finish).resume();
}
