import { type IType, Root, type Type, type Writer } from 'protobufjs/light.js';
import type { FieldSpec } from './field-spec.ts';
import type { Draft, Message, MessageName } from './message-types.ts';
import { ProtoError } from './proto-error.ts';
import { choices, schema } from './schema.ts';

const root = Root.fromJSON({
  nested: Object.fromEntries(Object.entries(schema).map(([name, fields]) => [name, describe(name, fields)])),
});

const types = new Map<MessageName, Type>();

function describe(name: string, fields: Readonly<Record<string, FieldSpec>>): IType {
  const described: IType = {
    fields: Object.fromEntries(
      Object.entries(fields).map(([field, [id, type, shape]]) => {
        if (shape === 'map') return [field, { id, type, keyType: 'string' }];
        return [field, shape === 'repeated' ? { id, type, rule: 'repeated' } : { id, type }];
      }),
    ),
  };
  const choice = (choices as Record<string, { name: string; besides: readonly string[] }>)[name];
  if (choice !== undefined) {
    const oneof = Object.keys(fields).filter((field) => !choice.besides.includes(field));
    described.oneofs = { [choice.name]: { oneof } };
  }
  return described;
}

// A type makes its own code on first use; most processes need few of them.
function typeOf(name: MessageName): Type {
  let type = types.get(name);
  if (type === undefined) {
    type = root.lookupType(name);
    types.set(name, type);
  }
  return type;
}

export function encode<N extends MessageName>(name: N, message: Draft<N>): Uint8Array {
  return typeOf(name).encode(message).finish();
}

/**
 * Encodes a message some of whose lists hold messages that are encoded already. A field's items may stand anywhere in a
 * message, so they are put behind the rest.
 */
export function encodeWith<N extends MessageName>(
  name: N,
  message: Draft<N>,
  lists: { readonly [F in keyof Draft<N>]?: readonly Uint8Array[] },
): Uint8Array {
  const writer: Writer = typeOf(name).encode(message);
  const fields: Readonly<Record<string, FieldSpec>> = schema[name];
  for (const [field, items] of Object.entries(lists as Record<string, readonly Uint8Array[]>)) {
    const [id] = fields[field]!;
    for (const item of items) writer.uint32((id << 3) | lengthDelimited).bytes(item);
  }
  return writer.finish();
}

const lengthDelimited = 2;

/** @throws ProtoError `malformedMessage` */
export function decode<N extends MessageName>(name: N, bytes: Uint8Array): Message<N> {
  try {
    return typeOf(name).decode(bytes) as unknown as Message<N>;
  } catch (error) {
    throw new ProtoError('malformedMessage', `Not a protobuf message of type ${name}.`, { cause: error });
  }
}
