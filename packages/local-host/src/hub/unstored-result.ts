import type { HistoryEvent } from '../engine/history.ts';
import type { InstanceMessage, Outgoing } from '../engine/instance.ts';
import { instanceMessage } from '../engine/messages.ts';
import type { StoredMessage } from '../store/store.ts';

/**
 * The result of an activity that is only in memory, on its way to its orchestration. It goes by the id of the activity's
 * own message: the step that takes the result in takes that message off, and until then a crash runs the activity again.
 */
export class UnstoredResult implements StoredMessage, InstanceMessage {
  readonly id: number;
  readonly lane = 'orchestration';
  readonly target: string;
  readonly due = 0;
  readonly tag = null;
  readonly executionId: string;
  readonly event: HistoryEvent;

  /** @param id id of the activity's message */
  constructor(id: number, instanceId: string, executionId: string, event: HistoryEvent) {
    this.id = id;
    this.target = instanceId;
    this.executionId = executionId;
    this.event = event;
  }

  get body(): string {
    return this.stored().body;
  }

  /** The message to store, where the result has to wait. */
  stored(): Outgoing {
    return instanceMessage(this.target, this.event, this.executionId);
  }
}
