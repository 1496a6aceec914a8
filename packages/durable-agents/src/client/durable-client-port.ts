import type { JsonObject } from '../json.ts';

/** What a host offers to talk to sessions from outside. */
export interface DurableClientPort {
  /** Resolves when the backend has taken the message: from then on it is not lost. */
  signalEntity(name: string, key: string, operation: string, input: JsonObject): Promise<void>;
  /** The committed state as the backend has it, best as its text; `undefined` if there is none. */
  readEntityState(name: string, key: string): Promise<unknown>;
}
