import { RequestError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { RunView } from '../workflow-run/run-view.ts';
import { readFlag } from './flag.ts';
import { replyKind } from './media-type.ts';
import { type HttpReply, jsonReply, textReply } from './reply.ts';
import { runUrls, serveWorkflow, type WorkflowEndpoint, type WorkflowRequest } from './workflow-endpoint.ts';
import { readWorkflowBody } from './workflow-input.ts';

const defaultWaitSeconds = 10;
const maxWaitSeconds = 200;

/** Serves `POST workflows/{name}/run?runId=&waitForResponse=&timeoutSeconds=`. Never rejects. */
export function serveWorkflowRun(raw: WorkflowRequest, endpoint: WorkflowEndpoint): Promise<HttpReply> {
  return serveWorkflow(endpoint, async () => {
    const { query } = raw;
    const wait = readWait(raw);
    const timeoutMs = 1_000 * readSeconds(query.get('timeoutSeconds'));
    const input = await readWorkflowBody(raw, endpoint.maxBodyBytes);
    const runId = await endpoint.client.start(input, query.get('runId') ?? undefined);
    const isText = wantsText(raw);
    const run = wait ? await endpoint.client.waitFor(runId, timeoutMs) : undefined;
    return run === undefined ? startedReply(runId, endpoint, isText) : endedReply(run, isText);
  });
}

function startedReply(runId: string, endpoint: WorkflowEndpoint, isText: boolean): HttpReply {
  const message = `Workflow orchestration started for ${endpoint.workflowName}.`;
  if (isText) return textReply(202, `${message} runId: ${runId}`);
  return jsonReply(202, { runId, instanceId: runId, message, ...runUrls(endpoint, runId) });
}

/** A failed workflow is no failed request. */
function endedReply(run: RunView, isText: boolean): HttpReply {
  const { runId, status, outputs = [], error = '', failure } = run;
  const base: JsonObject = { runId, instanceId: runId, workflowStatus: status };
  switch (status) {
    case 'Completed': {
      // One output stands for itself; `output` always is the list.
      const result = outputs.length === 1 ? (outputs[0] ?? null) : outputs;
      if (isText) return textReply(200, typeof result === 'string' ? result : JSON.stringify(result));
      return jsonReply(200, { ...base, result, output: outputs });
    }
    case 'Failed':
      if (isText) return textReply(200, error);
      return jsonReply(200, { ...base, result: null, error, ...(failure && { failure }) });
    default:
      throw new RequestError('runNotCompleted', 500, `The run "${runId}" has ended as ${status}.`);
  }
}

function readWait({ header, query }: WorkflowRequest): boolean {
  const fromHeader = readFlag(header('x-ms-wait-for-response'), 'x-ms-wait-for-response');
  const camel = readFlag(query.get('waitForResponse'), 'waitForResponse');
  const snake = readFlag(query.get('wait_for_response'), 'wait_for_response');
  if (camel !== undefined && snake !== undefined && camel !== snake) {
    throw new RequestError('aliasConflict', 400, 'waitForResponse and wait_for_response say different things.');
  }
  return fromHeader ?? camel ?? snake ?? false;
}

function readSeconds(text: string | null): number {
  if (text === null || text.trim() === '') return defaultWaitSeconds;
  const seconds = Number(text);
  if (seconds >= 1 && seconds <= maxWaitSeconds) return seconds;
  throw new RequestError('invalidNumber', 400, `timeoutSeconds must be a number from 1 to ${maxWaitSeconds}.`);
}

/** Replies are JSON, unless the caller asks for text and takes no JSON. */
function wantsText({ header }: WorkflowRequest): boolean {
  const accept = header('accept');
  if (accept === null || /\*\/\*(?!\s*;\s*q\s*=\s*0(\.0*)?\s*(,|$))/.test(accept)) return false;
  return /text\/(plain|\*)/i.test(accept) && replyKind('text/plain', accept) === 'text';
}
