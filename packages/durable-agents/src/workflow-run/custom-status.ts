import type { JsonObject } from '../json.ts';
import type { RunFailure } from '../workflow/effects.ts';
import type { RunRecord } from './run-record.ts';

/** Characters of JSON; the runtime takes 16 KB. */
const maxLength = 8_000;
const maxIds = 20;

export interface StatusFacts {
  state: 'running' | 'waiting_for_human_input' | 'completed' | 'failed';
  failure?: RunFailure;
  haltReason?: string | null;
}

/**
 * What a run shows of itself: where it stands, and the ids of what it waits for. Data of requests is in the entity that
 * holds them. However much a run does, this stays small.
 */
export function customStatus(record: RunRecord, { state, failure, haltReason }: StatusFacts): JsonObject {
  const pending = pendingIds(record);
  const children = Object.entries(record.children).map(([key, child]) => ({ key, runId: child.state.runId }));
  const subworkflows: Record<string, string[]> = {};
  for (const { key, runId } of children.slice(0, maxIds)) {
    const node = key.slice(0, key.lastIndexOf('~'));
    subworkflows[node] = [...(subworkflows[node] ?? []), runId];
  }
  const status: JsonObject = {
    ...{ state, superstep: record.state.superstep, eventCount: record.state.eventCount },
    fingerprint: record.state.fingerprint,
    pendingCount: pending.length,
    ...(failure && { failure: bounded(failure) }),
    ...(haltReason !== undefined && { haltReason: haltReason?.slice(0, 500) ?? null }),
    pendingRequests: pending.slice(0, maxIds),
    ...(children.length > 0 && { subworkflows }),
    nodes: record.nodes,
  };
  // The least important first.
  for (const name of ['subworkflows', 'nodes', 'pendingRequests']) {
    if (JSON.stringify(status).length <= maxLength) break;
    delete status[name];
  }
  return status;
}

/** Ids of the requests that wait, those of sub-workflows qualified. */
function pendingIds({ state, children }: RunRecord): string[] {
  const inner = Object.entries(children).flatMap(([key, child]) => pendingIds(child).map((id) => `${key}~${id}`));
  return [...state.requests.map(({ requestId }) => requestId), ...inner];
}

function bounded(failure: RunFailure): JsonObject {
  const { code, message, superstep, executorId, attempts, cause } = failure;
  return {
    ...{ code, message: message.slice(0, 1_500), superstep },
    ...(executorId !== undefined && { executorId }),
    ...(attempts !== undefined && { attempts }),
    ...(cause && {
      cause: { name: cause.name, message: cause.message.slice(0, 500), ...(cause.code && { code: cause.code }) },
    }),
  };
}
