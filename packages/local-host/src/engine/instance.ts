import type { HistoryEvent, ParentInstance, Tags } from './history.ts';

export type RuntimeStatus = 'Pending' | 'Running' | 'Suspended' | 'Completed' | 'Failed' | 'Terminated';

/** What is stored of an orchestration besides its history. */
export interface Instance {
  instanceId: string;
  name: string;
  version: string;
  executionId: string;
  status: RuntimeStatus;
  /** JSON text. */
  input: string | null;
  /** JSON text; the failure text for Failed, the reason for Terminated. */
  output: string | null;
  /** JSON text. */
  customStatus: string | null;
  /** Epoch ms. */
  createdAt: number;
  updatedAt: number;
  parent: ParentInstance | null;
}

export function isFinal(status: RuntimeStatus): boolean {
  return status === 'Completed' || status === 'Failed' || status === 'Terminated';
}

/** An event waiting for its orchestration. Without `executionId` it is for whichever execution is current. */
export interface InstanceMessage {
  executionId: string | null;
  event: HistoryEvent;
  /** Only for starts: takes the place of an instance that is still running. */
  override?: true;
  /** Only for starts: events that stand right behind it. */
  carryover?: readonly HistoryEvent[];
}

/** An activity waiting to run. */
export interface ActivityMessage {
  instanceId: string;
  executionId: string;
  taskId: number;
  name: string;
  /** JSON text of the argument as the SDK gave it; null if there is none. */
  input: string | null;
  version?: string;
  tags?: Tags;
}

export type Lane = 'orchestration' | 'entity' | 'activity';

/** A message to store. */
export interface Outgoing {
  lane: Lane;
  /** Instance id, entity id (`@name@key`) or activity name. */
  target: string;
  /** Epoch ms before which it must not be delivered; 0 = at once. */
  due: number;
  /** Names the message within its target, so that it can be withdrawn; for timers. */
  tag: string | null;
  body: string;
}
