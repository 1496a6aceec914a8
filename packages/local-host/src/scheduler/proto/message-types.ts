import type { choices, schema } from './schema.ts';

type Schema = typeof schema;
type Choices = typeof choices;

export type MessageName = keyof Schema;

/** A 64-bit number as it is read; `Number()` of it is exact for all times. */
export type Int64 = number | { toNumber(): number };

interface Scalars {
  string: string;
  int32: number;
  int64: Int64;
  double: number;
  bool: boolean;
}

type Read<T> = T extends keyof Scalars ? Scalars[T] : T extends MessageName ? Message<T> : never;
type Written<T> = T extends keyof Scalars ? Scalars[T] : T extends MessageName ? Draft<T> : never;

type ReadField<F> = F extends readonly [number, infer T, 'repeated']
  ? readonly Read<T>[]
  : F extends readonly [number, infer T, 'map']
    ? Readonly<Record<string, Read<T>>>
    : F extends readonly [number, infer T]
      ? T extends MessageName
        ? Read<T> | null
        : Read<T>
      : never;

type WrittenField<F> = F extends readonly [number, infer T, 'repeated']
  ? readonly Written<T>[]
  : F extends readonly [number, infer T, 'map']
    ? Readonly<Record<string, Written<T>>>
    : F extends readonly [number, infer T]
      ? Written<T>
      : never;

type ChoiceOf<N> = N extends keyof Choices
  ? {
      /** Which of the fields that exclude each other is set. */
      readonly [K in Choices[N]['name']]: Exclude<keyof Schema[N], Choices[N]['besides'][number]> | undefined;
    }
  : unknown;

/** A message as it is read: plain fields that were not sent have their default, messages are null. */
export type Message<N extends MessageName> = { readonly [F in keyof Schema[N]]: ReadField<Schema[N][F]> } & ChoiceOf<N>;

/** A message to be written; what is left out is not sent. */
export type Draft<N extends MessageName> = {
  readonly [F in keyof Schema[N]]?: WrittenField<Schema[N][F]> | null | undefined;
};
