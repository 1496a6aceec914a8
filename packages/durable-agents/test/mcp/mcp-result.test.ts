import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { mcpResult } from '../../src/mcp/mcp-result.ts';

const text = (value: string) => ({ type: 'text' as const, text: value });

test('texts are joined by lines; nothing is an empty text', () => {
  assert.equal(mcpResult({ content: [text('a'), text('b')] }), 'a\nb');
  assert.equal(mcpResult({ content: [] }), '');
});

test('structured content stands for the text beside it, but not for images', () => {
  const image = { type: 'image' as const, data: 'AA==', mimeType: 'image/png' };
  const structuredContent = { total: 3, rows: [1, 2] };
  assert.deepEqual(mcpResult({ structuredContent, content: [text('{"total":3}')] }), structuredContent);
  assert.deepEqual(mcpResult({ structuredContent, content: [text('x'), image] }), {
    structuredContent,
    content: [{ type: 'data', mediaType: 'image/png', encoding: 'base64', data: 'AA==' }],
  });
});

test('links and embedded resources keep their address', () => {
  const content: CallToolResult['content'] = [
    { type: 'resource_link', uri: 'file:///a', name: 'a', description: 'A file.' },
    { type: 'resource', resource: { uri: 'file:///b', mimeType: 'text/plain', text: 'body' } },
    { type: 'resource', resource: { uri: 'file:///c', blob: 'AA==' } },
  ];
  assert.deepEqual(mcpResult({ content }), [
    { type: 'uri', uri: 'file:///a', name: 'a', description: 'A file.' },
    { type: 'resource', uri: 'file:///b', mediaType: 'text/plain', text: 'body' },
    { type: 'resource', uri: 'file:///c', encoding: 'base64', data: 'AA==' },
  ]);
});

test('data too long for a model is left out whole, and says so', () => {
  const content = [{ type: 'audio' as const, data: 'A'.repeat(32_769), mimeType: 'audio/wav' }];
  assert.deepEqual(mcpResult({ content }), [
    {
      type: 'data',
      mediaType: 'audio/wav',
      omitted: true,
      totalBytes: 32_769,
      note: 'Data of more than 32768 bytes in base64 is left out.',
    },
  ]);
});

test('an error result is thrown with the server’s words', () => {
  assert.throws(() => mcpResult({ isError: true, content: [text('no'), text('way')] }), {
    name: 'McpToolError',
    message: 'no\nway',
  });
  assert.throws(() => mcpResult({ isError: true, content: [] }), /gave no reason/);
});
