import type { EntityPage, EntityQuery, SessionListPort } from '../../src/client/session-list-port.ts';
import { writeBookkeeping } from '../../src/entity/session-bookkeeping.ts';
import type { JsonObject } from '../../src/json.ts';
import { emptyState, type StateDocument } from '../../src/state/entity-state.ts';
import { withExchange } from '../state/turns.ts';

export const at = '2026-03-01T10:00:00.000Z';

/** Sessions of agent Joker as texts; orders are carried out at once, unless they are held back. */
export class SessionBackend implements SessionListPort {
  readonly states = new Map<string, string>();
  readonly orders: string[] = [];
  readonly queries: EntityQuery[] = [];
  isBusy = false;
  error: Error | undefined;

  async signalEntity(name: string, key: string, operation: string, input: JsonObject): Promise<void> {
    this.orders.push(`${name} ${key} ${operation} ${JSON.stringify(input)}`);
    if (this.isBusy) return;
    if (operation === 'delete') this.states.delete(key);
    if (operation === 'reset') this.put(key, emptyState());
  }

  async readEntityState(name: string, key: string): Promise<unknown> {
    if (this.error !== undefined) throw this.error;
    return name === 'dafx-joker' ? this.states.get(key) : undefined;
  }

  /** Pages by position; every other one is a key short. */
  async listEntities(query: EntityQuery): Promise<EntityPage> {
    if (this.error !== undefined) throw this.error;
    this.queries.push(query);
    const keys = [...this.states.keys()].sort();
    const start = Number(query.continuation ?? 0);
    const end = start + query.pageSize;
    const entities = keys.slice(start, end).map((key) => ({ key, lastOperationTime: at }));
    return { entities, ...(end < keys.length && { continuation: String(end) }) };
  }

  put(key: string, state: StateDocument): void {
    this.states.set(key, JSON.stringify(state));
  }
}

export const approval = {
  callId: 'c1',
  name: 'refund',
  arguments: { order: 5 },
  correlationId: 'parked',
  digest: 'd',
  requestedAt: at,
  expiresAt: '2026-03-02T10:00:00.000Z',
};

/** A session with an answered turn, a parked one and a waiting one. */
export function busySession(): StateDocument {
  const state = withExchange(emptyState(), 't1', 'Hello', 'Hi');
  const active = { correlationId: 'parked', instanceId: 'i', startedAt: at, request: {}, approvals: [approval] };
  const queue = [{ correlationId: 'waiting', request: {}, enqueuedAt: at }];
  return writeBookkeeping({ ...state, data: { ...state.data, expirationTimeUtc: at } }, { turns: { active, queue } });
}
