import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpError } from '@modelcontextprotocol/sdk/types.js';
import { lossOf } from '../../src/mcp/lost-connection.ts';

const sdk = { StreamableHTTPError };
const fetchFailed = (code: string) => new TypeError('fetch failed', { cause: Object.assign(new Error(), { code }) });

const cases: [string, unknown, boolean, 'unsent' | 'unknown' | undefined][] = [
  ['a session that the server does not know', new StreamableHTTPError(404, 'Session not found'), false, 'unsent'],
  ['a server that was restarted', new StreamableHTTPError(400, 'Server not initialized'), false, 'unsent'],
  ['a server error', new StreamableHTTPError(500, 'Oops'), false, undefined],
  ['a refused key', new StreamableHTTPError(401, 'Who are you?'), false, undefined],
  ['a refused connection', fetchFailed('ECONNREFUSED'), false, 'unsent'],
  ['a connection that broke', fetchFailed('ECONNRESET'), false, 'unknown'],
  ['a request on a closed connection', new Error('Not connected'), true, 'unsent'],
  ['a request in flight when the connection ended', new McpError(-32000, 'Connection closed'), true, 'unknown'],
  ['a server’s own error of the same number', new McpError(-32000, 'No more paper'), false, undefined],
  ['an unknown tool', new McpError(-32602, 'Tool nope not found'), true, undefined],
  ['what is no error', 'lost', true, undefined],
];
for (const [name, error, isClosed, loss] of cases) {
  test(`${name} counts as ${loss ?? 'no loss of the connection'}`, () => {
    assert.equal(lossOf(error, isClosed, sdk), loss);
  });
}
