import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../src/json.ts';
import {
  type Desk,
  type DeskOutcome,
  type DeskRequest,
  entryOf,
  pendingOn,
  performDeskOperation,
  readDesk,
} from '../../src/workflow-run/request-desk.ts';

const request = (requestId: string): DeskRequest => ({
  ...{ requestId, executorId: 'node', portId: 'port', data: { for: requestId }, superstep: 1, createdAt: 1 },
});

/** One entity: each operation sees what the one before has stored, as text. */
class Stored {
  text: string | undefined;

  perform(operation: string, input: unknown): DeskOutcome {
    const outcome = performDeskOperation(this.text, operation, input);
    if (outcome.desk !== undefined) this.text = JSON.stringify(outcome.desk);
    return outcome;
  }

  sync(fields: { prefix?: string; open?: string[]; expire?: string[] } = {}) {
    const { prefix = '', open = [], expire = [] } = fields;
    return this.perform('sync', { prefix, open: open.map(request), expire }).result?.arrivals ?? [];
  }

  answer(requestId: string, value: unknown): DeskOutcome {
    return this.perform('answer', { requestId, value });
  }

  get desk(): Desk | undefined {
    return readDesk(this.text);
  }
}

test('an accepted answer is pending no more at once, wakes the run, and is taken once', () => {
  const stored = new Stored();
  assert.deepEqual(stored.sync({ open: ['a', 'b'] }), []);
  assert.equal(stored.answer('a', { ok: true }).wake, true);
  assert.deepEqual(
    pendingOn(stored.desk).map(({ requestId }) => requestId),
    ['b'],
  );
  assert.deepEqual(stored.sync(), [{ requestId: 'a', value: { ok: true } }]);
  assert.deepEqual(stored.sync(), []);
  assert.ok(!stored.text?.includes('"ok"'), 'what was taken is not kept');
});

test('null and false are answers', () => {
  const stored = new Stored();
  stored.sync({ open: ['a', 'b'] });
  stored.answer('a', null);
  stored.answer('b', false);
  assert.deepEqual(stored.sync(), [
    { requestId: 'a', value: null },
    { requestId: 'b', value: false },
  ]);
});

test('a run takes the answers of its own part of the tree only', () => {
  const stored = new Stored();
  stored.sync({ open: ['a', 'sub~0~b', 'sub~0~in~1~c', 'sub~10~d'] });
  for (const id of ['a', 'sub~0~b', 'sub~0~in~1~c', 'sub~10~d']) stored.answer(id, id);
  assert.deepEqual(
    stored.sync({ prefix: 'sub~0~' }).map(({ requestId }) => requestId),
    ['sub~0~b', 'sub~0~in~1~c'],
  );
  assert.deepEqual(
    stored.sync().map(({ requestId }) => requestId),
    ['a', 'sub~10~d'],
  );
});

test('answers to what is not pending change nothing: unknown, before the run asks, expired, after the end', () => {
  const stored = new Stored();
  assert.deepEqual(stored.answer('a', 1), {});
  assert.equal(stored.text, undefined);
  stored.sync({ open: ['a', 'b', 'c'] });
  assert.deepEqual(stored.answer('__proto__', 1), {});
  assert.deepEqual(stored.answer('nobody', 1), {});
  assert.deepEqual(stored.sync({ expire: ['a'] }), [{ requestId: 'a', isExpired: true }]);
  assert.deepEqual(stored.sync({ expire: ['a'] }), []);
  assert.deepEqual(stored.answer('a', 1), {});
  stored.answer('b', 2);
  stored.perform('end', {});
  assert.deepEqual(stored.answer('c', 3), {});
  assert.equal(entryOf(stored.desk, 'b')?.status, 'answered', 'a repeated answer can still be told from another');
  assert.equal(entryOf(stored.desk, 'c'), undefined);
});

test('an answer that came before the end of time stands', () => {
  const stored = new Stored();
  stored.sync({ open: ['a'] });
  stored.answer('a', 'in time');
  assert.deepEqual(stored.sync({ expire: ['a'] }), [{ requestId: 'a', value: 'in time' }]);
});

test('operations of others are ignored', () => {
  const stored = new Stored();
  stored.sync({ open: ['a'] });
  for (const [name, input] of [
    ['delete', {}],
    ['answer', null],
    ['answer', { requestId: 'a' }],
    ['answer', { requestId: 1, value: 1 }],
  ] as const) {
    assert.deepEqual(stored.perform(name, input), {});
  }
});

test('whatever comes in whatever order, each request ends once, and as whoever came first has it', () => {
  const ids = ['a', 'b', 'c'];
  const step = fc.oneof(
    fc.record({ kind: fc.constant('open' as const), id: fc.constantFrom(...ids) }),
    fc.record({ kind: fc.constant('answer' as const), id: fc.constantFrom(...ids), value: fc.nat(3) }),
    fc.record({ kind: fc.constant('expire' as const), id: fc.constantFrom(...ids) }),
    fc.record({ kind: fc.constant('take' as const), id: fc.constant('') }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const stored = new Stored();
      const expected = new Map<string, 'open' | { ended: JsonObject }>();
      const taken: JsonObject[] = [];
      for (const one of steps) {
        const state = expected.get(one.id);
        if (one.kind === 'open') {
          taken.push(...(stored.sync({ open: [one.id] }) as JsonObject[]));
          if (state === undefined) expected.set(one.id, 'open');
        } else if (one.kind === 'answer') {
          stored.answer(one.id, one.value);
          if (state === 'open') expected.set(one.id, { ended: { requestId: one.id, value: one.value } });
        } else if (one.kind === 'expire') {
          taken.push(...(stored.sync({ expire: [one.id] }) as JsonObject[]));
          if (state === 'open') expected.set(one.id, { ended: { requestId: one.id, isExpired: true } });
        } else taken.push(...(stored.sync() as JsonObject[]));
      }
      taken.push(...(stored.sync() as JsonObject[]));
      const ends = [...expected.values()].flatMap((state) => (state === 'open' ? [] : [state.ended]));
      const byId = (a: JsonObject, b: JsonObject) => (String(a.requestId) < String(b.requestId) ? -1 : 1);
      assert.deepEqual(taken.sort(byId), ends.sort(byId));
    }),
  );
});
