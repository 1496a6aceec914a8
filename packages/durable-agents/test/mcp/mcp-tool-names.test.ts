import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mcpToolNames } from '../../src/mcp/mcp-tool-names.ts';

test('a good name stays, with the prefix before it', () => {
  assert.deepEqual([...mcpToolNames(['read_file'], 'fs-')], [['read_file', 'fs-read_file']]);
});

test('characters that are not allowed become "_"', () => {
  assert.equal(mcpToolNames(['files.read/ä'], '').get('files.read/ä'), 'files_read__');
});

test('of names that become the same the exact one stays, and the others get a hash that order does not change', () => {
  const names = mcpToolNames(['a.b', 'a_b', 'a/b'], '');
  assert.equal(names.get('a_b'), 'a_b');
  assert.match(names.get('a.b') ?? '', /^a_b_[0-9a-f]{8}$/);
  assert.notEqual(names.get('a.b'), names.get('a/b'));
  assert.equal(mcpToolNames(['a/b', 'a_b', 'a.b'], '').get('a.b'), names.get('a.b'));
});

test('whatever a server calls its tools, the names are distinct and fit the rule', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ maxLength: 100 }), { maxLength: 20 }),
      fc.constantFrom('', 'github_', 'p'.repeat(32)),
      (originals, prefix) => {
        const names = [...mcpToolNames(originals, prefix).values()];
        assert.equal(new Set(names).size, originals.length);
        for (const name of names) assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/);
      },
    ),
  );
});
