import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopbackBind } from '../../src/keys/loopback-bind.ts';

test('only addresses that no other machine can reach count as loopback; a doubt is a no', () => {
  for (const host of [undefined, 'localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.1', '::1']) {
    assert.equal(isLoopbackBind(host), true, String(host));
  }
  for (const host of ['', '0.0.0.0', '::', '192.168.0.1', '127.example.com', 'localhost.example.com', 'box']) {
    assert.equal(isLoopbackBind(host), false, host);
  }
});
