import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decode, encode } from '../../src/scheduler/proto/codec.ts';
import type { FieldSpec } from '../../src/scheduler/proto/field-spec.ts';
import type { MessageName } from '../../src/scheduler/proto/message-types.ts';
import { ProtoError } from '../../src/scheduler/proto/proto-error.ts';
import { choices, schema } from '../../src/scheduler/proto/schema.ts';
import { referenceNames, referenceType } from './reference-messages.ts';

type Fields = Readonly<Record<string, FieldSpec>>;
type Plain = Record<string, unknown>;
const table = schema as unknown as Record<string, Fields>;
const names = Object.keys(table) as MessageName[];

const scalars: Record<string, fc.Arbitrary<unknown>> = {
  string: fc.string({ unit: 'grapheme', maxLength: 12 }),
  int32: fc.integer(),
  int64: fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
  double: fc.double({ noNaN: true }),
  bool: fc.boolean(),
};

function choiceOf(name: string): readonly string[] {
  const choice = (choices as unknown as Record<string, { besides: readonly string[] }>)[name];
  return choice === undefined ? [] : Object.keys(table[name]!).filter((field) => !choice.besides.includes(field));
}

/** A random message: of fields that exclude each other at most one is set. */
function message(name: string, depth: number): fc.Arbitrary<Plain> {
  const fields = Object.entries(table[name]!);
  const choice = choiceOf(name);
  const usable = fields.filter(([, [, type]]) => type in scalars || depth > 0);
  const values = Object.fromEntries(usable.map(([field, spec]) => [field, value(name, spec, depth)]));
  const chosen = fc.constantFrom(undefined, ...choice.filter((field) => field in values));
  return fc.tuple(fc.record(values, { requiredKeys: [] }), chosen).map(([record, kept]) => {
    const pairs = Object.entries(record).filter(([field]) => !choice.includes(field) || field === kept);
    return Object.fromEntries(pairs);
  });
}

function value(owner: string, [, type, shape]: FieldSpec, depth: number): fc.Arbitrary<unknown> {
  // The SDK's reader takes the first enum value only; there is no other null.
  if (owner === 'Value' && type === 'int32') return fc.constant(0);
  const single = scalars[type] ?? fc.constant(null).chain(() => message(type, depth - 1));
  if (shape === 'repeated') return fc.array(single, { maxLength: 3 });
  if (shape === 'map') return fc.dictionary(fc.string({ maxLength: 6 }), single, { maxKeys: 3, noNullPrototype: true });
  return single;
}

/** One of our messages in the form of the SDK's `toObject`. */
function asReference(name: string, plain: Plain): Plain {
  const shown: Plain = {};
  for (const [field, [, type, shape]] of Object.entries(table[name]!)) {
    const given = plain[field];
    const show = (item: unknown) => (type in scalars ? item : asReference(type, item as Plain));
    const key = field.toLowerCase();
    if (shape === 'repeated') shown[`${key}list`] = ((given ?? []) as unknown[]).map(show);
    else if (shape === 'map') {
      shown[`${key}map`] = Object.entries((given ?? {}) as Plain).map(([entry, item]) => [entry, show(item)]);
    } else shown[key] = given === undefined ? undefined : show(given);
  }
  return shown;
}

const defaults: readonly unknown[] = [undefined, '', 0, -0, false];

/** Defaults left out, names in lower case, maps in order: generators differ in these. */
function normal(shown: Plain): Plain {
  const part = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(part);
    return typeof item === 'object' && item !== null ? normal(item as Plain) : item;
  };
  const pairs = Object.entries(shown).filter(
    ([, item]) => !defaults.includes(item) && !(Array.isArray(item) && item.length === 0),
  );
  return Object.fromEntries(
    pairs.map(([key, item]) => {
      const isMap = key.toLowerCase().endsWith('map');
      const entries = isMap ? [...(item as [string, unknown][])].sort(([a], [b]) => (a < b ? -1 : 1)) : item;
      return [key.toLowerCase(), part(entries)];
    }),
  );
}

/** Ours as a plain object: what has its default is left out, so that both directions compare. */
function asPlain(name: string, read: Plain): Plain {
  const plain: Plain = {};
  const choice = choiceOf(name);
  for (const [field, [, type, shape]] of Object.entries(table[name]!)) {
    const given = choice.includes(field) && !Object.hasOwn(read, field) ? undefined : read[field];
    const show = (item: unknown) =>
      type === 'int64' ? Number(item) : type in scalars ? item : asPlain(type, item as Plain);
    if (shape === 'repeated') {
      if ((given as unknown[] | undefined)?.length) plain[field] = (given as unknown[]).map(show);
    } else if (shape === 'map') {
      const entries = Object.entries((given ?? {}) as Plain);
      if (entries.length > 0) plain[field] = Object.fromEntries(entries.map(([key, item]) => [key, show(item)]));
    } else if (given !== undefined && given !== null) {
      const shown = show(given);
      const isDefault = !choice.includes(field) && defaults.includes(shown);
      if (!isDefault) plain[field] = shown;
    }
  }
  return plain;
}

describe('messages of the sidecar protocol', () => {
  test('every message of the SDK is described', () => {
    assert.deepEqual(
      referenceNames().filter((name) => !(name in table)),
      [],
    );
  });

  test('every message has the fields that the SDK has, and no others', () => {
    for (const name of names) {
      const expected = Object.keys(new (referenceType(name))().toObject()).map((key) => key.toLowerCase());
      assert.deepEqual(Object.keys(asReference(name, {})).sort(), expected.sort(), name);
    }
  });

  for (const name of names) {
    test(`${name}: the SDK reads what we write, and we read what it writes`, () => {
      const type = referenceType(name);
      fc.assert(
        fc.property(message(name, 4), (plain) => {
          const theirs = type.deserializeBinary(encode(name, plain as never));
          assert.deepEqual(normal(theirs.toObject()), normal(asReference(name, plain)));
          const back = decode(name, theirs.serializeBinary()) as unknown as Plain;
          assert.deepEqual(asPlain(name, back), asPlain(name, plain));
        }),
        { numRuns: 40 },
      );
    });
  }

  test('bytes that are no message are refused with the name of the message', () => {
    assert.throws(
      () => decode('OrchestratorResponse', Buffer.from('not a message')),
      (error) =>
        error instanceof ProtoError && error.code === 'malformedMessage' && /OrchestratorResponse/.test(error.message),
    );
  });

  test('the field of a choice that is set is named', () => {
    const event = decode('HistoryEvent', encode('HistoryEvent', { eventId: 7, timerFired: { timerId: 7 } }));
    assert.equal(event.eventType, 'timerFired');
    assert.equal(decode('HistoryEvent', encode('HistoryEvent', { eventId: 7 })).eventType, undefined);
  });
});
