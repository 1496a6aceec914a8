import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type McpToolsOptions, mcpTools } from '../../src/mcp.ts';

const url = 'https://mcp.example.com/tools?key=secret';
const wrong: [string, McpToolsOptions, RegExp][] = [
  ['an address that is none', { transport: { url: 'mcp.example.com' } }, /transport\.url/],
  ['an address of a file', { transport: { url: 'file:///etc/passwd' } }, /transport\.url/],
  ['no command', { transport: { command: ' ' } }, /neither a url nor a command/],
  ['a prefix with a dot', { transport: { url }, prefix: 'a.' }, /prefix/],
  ['a long prefix', { transport: { url }, prefix: 'a'.repeat(33) }, /prefix/],
  ['a time limit of nothing', { transport: { url }, timeoutMs: 0 }, /timeoutMs is 0/],
  ['half a millisecond', { transport: { url }, connectTimeoutMs: 0.5 }, /connectTimeoutMs is 0\.5/],
  ['a negative age', { transport: { url }, refreshMs: -1 }, /refreshMs is -1/],
];
for (const [name, options, problem] of wrong) {
  test(`${name} is refused when the source is made`, () => {
    assert.throws(() => mcpTools(options), { code: 'invalidMcpOptions', message: problem });
  });
}

test('a source is called by the host of its address, its command, or the given name', () => {
  assert.equal(mcpTools({ transport: { url } }).name, 'mcp.example.com');
  assert.equal(mcpTools({ transport: { command: 'npx', args: ['--token=x'] } }).name, 'npx');
  assert.equal(mcpTools({ transport: { url: new URL(url) }, name: 'tickets' }).name, 'tickets');
});
