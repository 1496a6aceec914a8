import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ChatUpdate } from '../../src/model/chat-client.ts';
import { wholeCharacters } from '../../src/model/whole-characters.ts';
import { joined, updatesFrom } from './sse.ts';

async function* from(updates: readonly ChatUpdate[]) {
  yield* updates;
}

const text = (value: string): ChatUpdate => ({ type: 'text', text: value });
const [first, second] = ['\ud83d', '\udc15'];

test('a pair that is cut comes out whole, and nothing empty comes before it', async () => {
  assert.deepEqual(await updatesFrom(wholeCharacters(from([text(first), text(second)]))), [text('🐕')]);
});

test('half a character without its other half is not lost', async () => {
  assert.deepEqual(await updatesFrom(wholeCharacters(from([text(`a${first}`)]))), [text('a'), text(first)]);
  const reasoning: ChatUpdate = { type: 'reasoning', text: 'b' };
  assert.deepEqual(await updatesFrom(wholeCharacters(from([text(first), reasoning]))), [text(first), reasoning]);
});

test('arguments of two calls are not mixed', async () => {
  const delta = (callId: string, value: string): ChatUpdate => ({ type: 'functionArguments', callId, delta: value });
  assert.deepEqual(
    await updatesFrom(wholeCharacters(from([delta('a', `x${first}`), delta('a', second), delta('b', 'y')]))),
    [delta('a', 'x'), delta('a', '🐕'), delta('b', 'y')],
  );
  assert.deepEqual(await updatesFrom(wholeCharacters(from([delta('a', first), delta('b', second)]))), [
    delta('a', first),
    delta('b', second),
  ]);
});

test('however a text is cut, no piece ends inside a character and the whole is the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.array(fc.nat(8)), async (whole, sizes) => {
      const pieces: ChatUpdate[] = [];
      let rest = whole;
      for (const size of sizes) {
        pieces.push(text(rest.slice(0, size)));
        rest = rest.slice(size);
      }
      const updates = await updatesFrom(wholeCharacters(from([...pieces, text(rest)])));
      assert.equal(joined(updates, 'text'), whole);
      for (const update of updates) assert.ok(update.type === 'text' && update.text.isWellFormed());
    }),
  );
});
