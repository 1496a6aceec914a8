import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseState } from '../../src/state/codec.ts';
import { emptyState, type StateDocument } from '../../src/state/entity-state.ts';
import { RecentStates } from '../../src/state/recent-states.ts';

const state = emptyState();
/** A text of so many characters; no other string object is it. */
const text = (name: string, length: number) => name.padEnd(length, '.');

describe('states that were parsed of late', () => {
  it('are found by an equal text, whoever read it', () => {
    const recent = new RecentStates();
    recent.add(text('a', 20_000), state);
    assert.equal(recent.get(text('a', 20_000)), state);
    assert.equal(recent.get(text('b', 20_000)), undefined);
  });

  it('are forgotten when there are too many, those first that were not asked for', () => {
    const recent = new RecentStates();
    for (const name of ['a', 'b', 'c', 'd']) recent.add(text(name, 1_000_000), { ...state, name });
    const has = (name: string) => recent.get(text(name, 1_000_000)) !== undefined;
    assert.ok(has('a'));
    recent.add(text('e', 1_000_000), state);
    assert.deepEqual(['a', 'b', 'c', 'd', 'e'].map(has), [true, false, true, true, true]);
  });

  it('that are small, or larger than all of the room, are not kept', () => {
    const recent = new RecentStates();
    for (const length of [100, 3_000_000]) {
      recent.add(text('a', length), state);
      assert.equal(recent.get(text('a', length)), undefined);
    }
  });

  it('are what a long text is parsed to, once; a damaged one is refused each time', () => {
    const pad = 'x'.repeat(20_000);
    const written = () => JSON.stringify({ ...state, pad } as StateDocument);
    assert.equal(parseState(written()), parseState(written()));
    for (let i = 0; i < 2; i++) {
      assert.throws(() => parseState(JSON.stringify({ schemaVersion: 'x', pad })), { code: 'invalidState' });
    }
  });
});
