import type { OrchestrationStatus } from '../agent/tool-durable-client.ts';
import type { JsonObject, JsonSchema, JsonValue } from '../json.ts';
import { isObject } from '../state/stored-fields.ts';
import type { NodeState } from '../workflow/graph-json.ts';
import { parseQualified, portAt } from '../workflow/pending.ts';
import type { AnyWorkflow } from '../workflow/workflow.ts';
import { readLetters } from './node-letters.ts';
import type { DeskRequest } from './request-desk.ts';
import type { WorkflowFamily } from './workflow-set.ts';

/** Where a run stands. */
export type RunWord = 'Pending' | 'Running' | 'Suspended' | 'Completed' | 'Failed' | 'Terminated';

/** A request that waits for an answer, with the schema of one. */
export interface RequestInfo extends DeskRequest {
  responseSchema?: JsonSchema;
}

/** A run as callers see it. */
export interface RunView {
  runId: string;
  status: RunWord;
  /** RFC 3339. */
  createdTime?: string;
  lastUpdatedTime?: string;
  customStatus: JsonValue;
  /** Only of a completed run. */
  outputs?: JsonValue[];
  /** Only of a failed or terminated run. */
  error?: string;
  /** What is known of a failure: executor, code, causes. */
  failure?: JsonObject;
  /** The oldest first. */
  requests: RequestInfo[];
}

const words: ReadonlyMap<string, RunWord> = new Map(
  (['Pending', 'Running', 'Suspended', 'Completed', 'Failed', 'Terminated'] as const).map((word) => [word, word]),
);

export function runWord(runtimeStatus: string): RunWord {
  if (runtimeStatus === 'Canceled') return 'Terminated';
  return words.get(runtimeStatus) ?? 'Running';
}

export function isOver(status: RunWord): boolean {
  return status === 'Completed' || status === 'Failed' || status === 'Terminated';
}

export function runView(found: OrchestrationStatus, family: WorkflowFamily, pending: readonly DeskRequest[]): RunView {
  const { instanceId: runId, runtimeStatus, createdTime, lastUpdatedTime, output, customStatus = null } = found;
  const status = runWord(runtimeStatus);
  const failure = failureOf(found, family);
  const { graph } = definitionOf(found, family);
  return {
    ...{ runId, status, customStatus },
    ...(createdTime !== undefined && { createdTime }),
    ...(lastUpdatedTime !== undefined && { lastUpdatedTime }),
    ...(status === 'Completed' && { outputs: Array.isArray(output) ? output : [output ?? null] }),
    ...((status === 'Failed' || status === 'Terminated') && { error: errorText(output, failure) }),
    ...(failure && { failure }),
    requests: isOver(status)
      ? []
      : pending.map((request) => {
          const path = parseQualified(request.requestId);
          const responseSchema = path && portAt(graph, path, request.portId)?.responseJsonSchema;
          return { ...request, ...(responseSchema && { responseSchema }) };
        }),
  };
}

/** The definition that a run has begun with; the present one where it does not say. */
export function definitionOf(
  { customStatus }: Pick<OrchestrationStatus, 'customStatus'>,
  family: WorkflowFamily,
): AnyWorkflow {
  const fingerprint = isObject(customStatus) ? customStatus.fingerprint : undefined;
  return (typeof fingerprint === 'string' ? family.versions.get(fingerprint) : undefined) ?? family.current;
}

/** How the nodes of a run stand. */
export function nodeStates({ customStatus, requests }: RunView, { graph }: AnyWorkflow): Record<string, NodeState> {
  const nodes = isObject(customStatus) && typeof customStatus.nodes === 'string' ? customStatus.nodes : '';
  const states = readLetters(graph, nodes);
  // A sub-workflow waits if a request in it does.
  for (const { executorId } of requests) states[executorId.split('~', 1)[0] as string] = 'waiting';
  return states;
}

/** What the run itself said of its failure. */
function failureOf(
  { runtimeStatus, customStatus, output }: OrchestrationStatus,
  family: WorkflowFamily,
): JsonObject | undefined {
  if (!isObject(customStatus)) return undefined;
  if (isObject(customStatus.failure)) return customStatus.failure as JsonObject;
  const { fingerprint } = customStatus;
  const isKnown = typeof fingerprint !== 'string' || family.versions.has(fingerprint);
  if (isKnown || runWord(runtimeStatus) !== 'Failed') return undefined;
  // A host may not take the last status of a run whose definition is gone.
  return { code: 'definitionChanged', message: errorText(output, undefined) };
}

function errorText(output: JsonValue | undefined, failure: JsonObject | undefined): string {
  if (typeof failure?.message === 'string') return failure.message;
  // What comes after the first line is the stack of whoever failed.
  return typeof output === 'string' ? (output.split('\n', 1)[0] ?? '') : 'The run has ended without saying why.';
}
