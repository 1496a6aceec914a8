import type { IncomingMessage, ServerResponse } from 'node:http';

/** How long a client that is still sending gets to read the answer. */
const LINGER_MS = 500;

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
  const finish = (): void => {
    clearTimeout(timer);
    request.off('end', finish).off('close', finish);
    response.end(() => request.destroy());
  };
  const timer = setTimeout(finish, LINGER_MS);
  request.on('end', finish).on('close', finish).resume();
}
