import type { JsonObject, JsonValue } from '../json.ts';

/**
 * What an operation of a session wants of the durable runtime besides its new state. The host does it before the
 * operation is committed, and may do it again when the operation is delivered again: every action is idempotent.
 */
export type SessionAction =
  /** An instance of that id which is running already, or has ended, is left as it is only if it is running. */
  | {
      type: 'startOrchestration';
      name: string;
      instanceId: string;
      input: JsonValue;
      /** The operation is right without it: a failure is logged, and nobody waits for it. */
      optional?: true;
    }
  /** Nothing happens if the instance has ended. */
  | { type: 'raiseEvent'; instanceId: string; eventName: string; data: JsonObject }
  /** Nothing happens if the instance has ended. */
  | { type: 'terminate'; instanceId: string; reason: string }
  /** Removes the history of an instance that has ended. The operation is right without it. */
  | { type: 'purge'; instanceId: string };
