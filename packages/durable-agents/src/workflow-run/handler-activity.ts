import type { JsonObject, JsonValue } from '../json.ts';
import type { Logger } from '../log.ts';
import type { HandlerCall } from '../workflow/effects.ts';
import { invokeHandler } from '../workflow/invoke-handler.ts';
import type { WorkflowSet } from './workflow-set.ts';

/** The input of the activity of an executor. */
export interface HandlerActivityInput extends JsonObject {
  /** JSON of the call. */
  call: string;
  runId: string;
  superstep: number;
  fingerprint: string;
}

/** Lets an executor handle one message. Whatever the handler throws is a result. */
export async function runHandlerActivity(
  set: WorkflowSet,
  workflow: string,
  { call, runId, superstep, fingerprint }: HandlerActivityInput,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<JsonValue> {
  const graph = set.graphOf(workflow, fingerprint, runId);
  const services = { workflowName: graph.name, runId, superstep, log, signal };
  const outcome = await invokeHandler(graph, JSON.parse(call) as HandlerCall, services);
  return outcome as unknown as JsonValue;
}
