import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkSessionKey, entityName, formatSessionId, newSessionKey, parseSessionId } from '../../src/ids.ts';

const refused = [
  '',
  '   ',
  'a/b',
  'a\\b',
  'a#b',
  'a?b',
  'order 7 + 8%/2',
  '%2e%2e%2f',
  '@x@y',
  'a@b',
  '.',
  '..',
  '../../secret',
  '$',
  'a\r\nSet-Cookie: x=1',
  'a\n',
  '\u0085a',
  '\u007f',
  '\ud800',
  'x'.repeat(257),
  'x'.repeat(5000),
];
const accepted = ['a', 'A', 'CON', 'zażółć-🧵', 'a b', 'a+b&c=d;e', '...', '$a', '🧵'.repeat(256), ' a ', "it's~(*)!"];

describe('session ids', () => {
  for (const key of refused) {
    it(`${JSON.stringify(key).slice(0, 40)} is refused with the rule in words`, () => {
      assert.throws(() => checkSessionKey(key), {
        code: 'invalidSessionId',
        status: 400,
        message: /1 to 256 characters/,
      });
    });
  }
  for (const key of accepted) {
    it(`${JSON.stringify(key).slice(0, 40)} is accepted as it is`, () => assert.equal(checkSessionKey(key), key));
  }

  it('an accepted id survives a URL made the way durable-functions makes it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), (text) => {
        let key: string;
        try {
          key = checkSessionKey(text);
        } catch {
          return;
        }
        const url = new URL(
          `entities/dafx-joker/${encodeURIComponent(key)}?op=run`,
          'http://127.0.0.1:17071/durabletask/',
        );
        assert.equal(url.search, '?op=run');
        assert.equal(url.hash, '');
        const segments = url.pathname.split('/');
        assert.equal(segments.length, 5);
        assert.equal(decodeURIComponent(segments[4] ?? ''), key);
      }),
      { numRuns: 500 },
    );
  });

  it('a new id is 32 hexadecimal digits and another each time', () => {
    const keys = new Set(Array.from({ length: 100 }, newSessionKey));
    assert.equal(keys.size, 100);
    for (const key of keys) assert.match(key, /^[0-9a-f]{32}$/);
  });

  it('entity names are in lower case', () => assert.equal(entityName('TravelPlanner'), 'dafx-travelplanner'));

  it('the full form is written with the prefix and read with and without it', () => {
    const key = checkSessionKey('Trip-9');
    assert.equal(formatSessionId('Joker', key), '@dafx-joker@Trip-9');
    assert.deepEqual(parseSessionId('@dafx-joker@Trip-9'), { agentName: 'joker', key: 'Trip-9' });
    assert.deepEqual(parseSessionId('@Joker@Trip-9'), { agentName: 'Joker', key: 'Trip-9' });
  });

  for (const text of ['joker@1', '@joker', '@@1', '@joker@', '@joker@a@b', '@dafx-joker@..']) {
    it(`${text} is no full session id`, () => assert.throws(() => parseSessionId(text), { code: 'invalidSessionId' }));
  }
});
