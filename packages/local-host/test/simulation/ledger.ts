import type { HistoryEvent } from '../../src/engine/history.ts';
import { EventType } from '../../src/engine/history.ts';
import type { Commit } from '../../src/store/store.ts';

/** What the disk has taken of the client's requests, by the token in each. */
export class Ledger {
  readonly #tokens = new Set<string>();
  readonly #starts = new Map<string, number>();

  note(commit: Commit): void {
    if (commit.consume !== undefined) return;
    for (const { lane, target, body } of commit.outgoing ?? []) {
      if (lane === 'entity')
        this.#tokens.add((JSON.parse((JSON.parse(body) as { input: string }).input) as { id: string }).id);
      else this.#forInstance(target, (JSON.parse(body) as { event: HistoryEvent }).event);
    }
    for (const id of commit.purge ?? []) this.#tokens.add(`purge ${id}`);
  }

  #forInstance(id: string, event: HistoryEvent): void {
    if (event.EventType === EventType.ExecutionStarted) this.#starts.set(id, this.starts(id) + 1);
    else this.#tokens.add(tokenOf(event));
  }

  has(token: string): boolean {
    return this.#tokens.has(token);
  }

  /** How many starts of this id were written. */
  starts(instanceId: string): number {
    return this.#starts.get(instanceId) ?? 0;
  }
}

function tokenOf(event: HistoryEvent): string {
  switch (event.EventType) {
    case EventType.EventRaised:
    case EventType.ExecutionTerminated:
      return JSON.parse(event.Input!) as string;
    case EventType.ExecutionSuspended:
    case EventType.ExecutionResumed:
      return event.Reason!;
    default:
      return '';
  }
}
