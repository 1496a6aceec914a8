import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ConfigurationError } from '../errors.ts';
import type { JsonSchema, JsonValue } from '../json.ts';

/** Turns values that are no JSON into JSON and back. */
export interface MessageCodec<Value> {
  encode(value: Value): JsonValue;
  decode(json: JsonValue): Value;
}

export interface MessageTypeOptions<Value> {
  /** 1 to 64 letters, digits, `_`, `-` or `.`. Stored with each message: never rename one that runs in flight use. */
  name: string;
  /** What the JSON of a message has to be like. */
  schema?: StandardSchemaV1<unknown, Value> | JsonSchema | undefined;
  /** For values that are no JSON. The schema then sees the decoded value. */
  codec?: MessageCodec<Value> | undefined;
}

/** A named kind of message. The name travels with the message and chooses the handler; it never loads code. */
export class MessageType<Value = JsonValue> {
  readonly kind = 'messageType';
  readonly name: string;
  readonly schema: StandardSchemaV1<unknown, Value> | JsonSchema | undefined;
  readonly codec: MessageCodec<Value> | undefined;

  /** @throws ConfigurationError `invalidMessageType` */
  constructor(options: MessageTypeOptions<Value>) {
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(options.name)) {
      throw new ConfigurationError('invalidMessageType', `message type ${JSON.stringify(options.name)} is not valid.`, {
        fix: 'Use 1 to 64 letters, digits, "_", "-" or ".".',
      });
    }
    this.name = options.name;
    this.schema = options.schema;
    this.codec = options.codec;
  }
}

/** Declares a kind of message: `messageType({ name: 'Order', schema })`. */
export function messageType<Value = JsonValue>(options: MessageTypeOptions<Value>): MessageType<Value> {
  return new MessageType(options);
}
