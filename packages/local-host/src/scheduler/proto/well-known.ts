import type { Draft, Int64, Message } from './message-types.ts';

/** Text or nothing, as a wrapper that is there or not. Empty text is a value. */
export function wrap(text: string | null | undefined): Draft<'StringValue'> | undefined {
  return text === null || text === undefined ? undefined : { value: text };
}

export function unwrap(wrapper: Message<'StringValue'> | null): string | null {
  return wrapper === null ? null : wrapper.value;
}

/** @param time epoch ms */
export function timestamp(time: number): Draft<'Timestamp'> {
  const seconds = Math.floor(time / 1_000);
  return { seconds, nanos: (time - seconds * 1_000) * 1_000_000 };
}

/** Epoch ms; what is finer than that is cut off. */
export function millis({ seconds, nanos }: Message<'Timestamp'>): number {
  return toNumber(seconds) * 1_000 + Math.floor(nanos / 1_000_000);
}

function toNumber(value: Int64): number {
  return typeof value === 'number' ? value : value.toNumber();
}

/** JSON as `google.protobuf.Value`; what JSON has no form for becomes null. */
export function toValue(json: unknown): Draft<'Value'> {
  switch (typeof json) {
    case 'string':
      return { stringValue: json };
    case 'number':
      return { numberValue: json };
    case 'boolean':
      return { boolValue: json };
    default:
      break;
  }
  if (Array.isArray(json)) return { listValue: { values: json.map(toValue) } };
  if (typeof json !== 'object' || json === null) return { nullValue: 0 };
  return { structValue: { fields: toValues(json) } };
}

export function toValues(json: object): Record<string, Draft<'Value'>> {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, toValue(value)]));
}

export function fromValue(value: Message<'Value'>): unknown {
  switch (value.kind) {
    case 'stringValue':
    case 'numberValue':
    case 'boolValue':
      return value[value.kind];
    case 'listValue':
      return value.listValue!.values.map(fromValue);
    case 'structValue':
      return fromValues(value.structValue!.fields);
    default:
      return null;
  }
}

export function fromValues(values: Readonly<Record<string, Message<'Value'>>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, fromValue(value)]));
}
