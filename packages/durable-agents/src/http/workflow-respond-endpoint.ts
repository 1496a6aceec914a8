import { RequestError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import { isObject } from '../state/stored-fields.ts';
import { parseJsonBody } from './json-body.ts';
import { type HttpReply, jsonReply } from './reply.ts';
import { serveWorkflow, type WorkflowEndpoint, type WorkflowRequest } from './workflow-endpoint.ts';

/**
 * Serves `POST workflows/{name}/respond/{runId}` with `{"eventName": "<port>", "response": …}`: answers the oldest
 * request of that port. Never rejects.
 */
export function serveEventResponse(
  raw: WorkflowRequest,
  runId: string,
  endpoint: WorkflowEndpoint,
): Promise<HttpReply> {
  return serveWorkflow(endpoint, async () => {
    const { eventName, response } = readEventBody(parseJsonBody(await raw.readBody(endpoint.maxBodyBytes)));
    const { requestId } = await asBadRequest(endpoint.client.respond(runId, { portId: eventName, value: response }));
    const message = 'Response sent to workflow.';
    return jsonReply(202, { message, runId, instanceId: runId, eventName, requestId, validated: true });
  });
}

/** Serves `POST workflows/{name}/respond/{runId}/{requestId}`: the whole body is the answer. Never rejects. */
export function serveResponse(
  raw: WorkflowRequest,
  runId: string,
  requestId: string,
  endpoint: WorkflowEndpoint,
): Promise<HttpReply> {
  return serveWorkflow(endpoint, async () => {
    const body = await raw.readBody(endpoint.maxBodyBytes);
    // An unknown run is told before a bad body.
    const run = await endpoint.client.get(runId);
    const value = parseJsonBody(body);
    const { repeated } = await endpoint.client.respond(run.runId, { requestId, value });
    return jsonReply(200, { message: 'Response accepted.', runId, instanceId: runId, requestId, repeated });
  });
}

/** Serves `POST workflows/{name}/cancel/{runId}` with nothing or `{"reason": "…"}`. Never rejects. */
export function serveWorkflowCancel(
  raw: WorkflowRequest,
  runId: string,
  endpoint: WorkflowEndpoint,
): Promise<HttpReply> {
  return serveWorkflow(endpoint, async () => {
    const body = await raw.readBody(endpoint.maxBodyBytes);
    const given = body.byteLength === 0 ? {} : parseJsonBody(body);
    const reason = isObject(given) ? (given.reason ?? 'Cancelled by a caller.') : undefined;
    if (typeof reason !== 'string') {
      throw new RequestError('invalidReason', 400, 'The body must be empty or {"reason": "…"}.');
    }
    await endpoint.client.cancel(runId, reason);
    return jsonReply(202, { runId, instanceId: runId, status: 'canceling' });
  });
}

function readEventBody(body: JsonValue): { eventName: string; response: JsonValue } {
  const { eventName, response } = isObject(body) ? body : {};
  if (typeof eventName === 'string' && eventName.trim() !== '' && response !== undefined) {
    return { eventName, response: response as JsonValue };
  }
  throw new RequestError('invalidBody', 400, 'The body needs "eventName" and "response".', {
    fix: 'Send {"eventName": "<request port>", "response": …}.',
  });
}

/** In this form, a run that does not wait for the event is a bad request. */
async function asBadRequest<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RequestError) || (error.code !== 'runOver' && error.code !== 'unknownRequest')) throw error;
    throw new RequestError(error.code, 400, error.message, {
      ...(error.fix !== undefined && { fix: error.fix }),
      cause: error,
    });
  }
}
