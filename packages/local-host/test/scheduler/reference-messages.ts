import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const reference = require('@microsoft/durabletask-js/dist/proto/orchestrator_service_pb.js') as Record<string, unknown>;
const wellKnown = ['wrappers', 'timestamp', 'duration', 'struct', 'empty'].map(
  (name) => require(`google-protobuf/google/protobuf/${name}_pb.js`) as Record<string, unknown>,
);

/** A message of the SDK's generated code. */
export interface ReferenceMessage {
  serializeBinary(): Uint8Array;
  toObject(): Record<string, unknown>;
}

export interface ReferenceType {
  new (): ReferenceMessage;
  deserializeBinary(bytes: Uint8Array): ReferenceMessage;
}

const known: Record<string, unknown> = Object.assign({}, ...wellKnown, reference);

/** The SDK's class for a message, independent of ours in description and in codec. */
export function referenceType(name: string): ReferenceType {
  const type = known[name];
  if (typeof type !== 'function') throw new Error(`The SDK has no message ${name}.`);
  return type as ReferenceType;
}

/** Names of all messages of the SDK's protocol definition, protobuf's own ones aside. */
export function referenceNames(): string[] {
  return Object.entries(reference)
    .filter(([name, type]) => typeof type === 'function' && wellKnown.every((own) => !(name in own)))
    .map(([name]) => name);
}
