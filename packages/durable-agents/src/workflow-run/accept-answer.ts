import { setTimeout } from 'node:timers/promises';
import { RuntimeUnavailableError } from '../client/agent-client.ts';
import type { DurableClientPort } from '../client/durable-client-port.ts';
import { RequestError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import type { Graph } from '../workflow/graph.ts';
import { parseQualified, portAt } from '../workflow/pending.ts';
import { type Desk, type DeskEntry, type DeskRequest, entryOf, pendingOn, readDesk } from './request-desk.ts';
import { digestOf } from './run-record.ts';
import { isOver, type RunWord } from './run-view.ts';
import { requestsEntity } from './workflow-names.ts';

/** An answer, to a request by its id or to the oldest that waits at a port. */
export type GivenAnswer = { value: JsonValue } & ({ requestId: string } | { portId: string });

interface AnsweredRun {
  graph: Graph;
  port: DurableClientPort;
  runId: string;
  status: RunWord;
}

/** How long the commit of an answer is waited for, in milliseconds. */
const patienceMs = 30_000;
const firstPollMs = 5;
const longestPollMs = 250;

type Settled = Exclude<DeskEntry, { status: 'pending' }>;

/** Checks an answer, hands it to the entity of the run's requests, and tells what was accepted there. */
export async function acceptAnswer(
  run: AnsweredRun,
  answer: GivenAnswer,
): Promise<{ requestId: string; repeated: boolean }> {
  const desk = await read(run);
  const requestId = 'requestId' in answer ? answer.requestId : pendingAt(run, desk, answer.portId).requestId;
  const entry = entryOf(desk, requestId);
  if (entry?.status === 'answered' || (entry?.status === 'expired' && !isOver(run.status))) {
    check(requestId, entry, answer.value);
    return { requestId, repeated: true };
  }
  if (isOver(run.status)) throw runOver(run);
  if (entry?.status !== 'pending') throw unknownRequest(requestId);
  await checkValue(run.graph, entry.request, answer.value);
  const input = { requestId, value: answer.value };
  await run.port.signalEntity(requestsEntity, run.runId, 'answer', input);
  check(requestId, await settled(run, requestId), answer.value);
  return { requestId, repeated: false };
}

function pendingAt(run: AnsweredRun, desk: Desk | undefined, portId: string): DeskRequest {
  if (isOver(run.status)) throw runOver(run);
  const found = pendingOn(desk).find((request) => request.portId === portId);
  if (found !== undefined) return found;
  throw new RequestError('unknownRequest', 404, `The run "${run.runId}" does not wait for "${portId}".`, {
    fix: 'The status of the run says what it waits for.',
  });
}

async function checkValue(graph: Graph, { requestId, portId }: DeskRequest, value: JsonValue): Promise<void> {
  const path = parseQualified(requestId);
  const port = path && portAt(graph, path, portId);
  const checked = await port?.checkResponse(value);
  if (checked?.ok !== false) return;
  const message = `This does not answer the request "${requestId}" (port "${portId}"): ${checked.problem}.`;
  throw new RequestError('invalidResponse', 400, message, {
    fix: 'Send what the response schema says. The run still waits.',
  });
}

async function settled(run: AnsweredRun, requestId: string): Promise<Settled> {
  const deadline = Date.now() + patienceMs;
  for (let pause = firstPollMs; ; pause = Math.min(pause * 2, longestPollMs)) {
    const desk = await read(run);
    const entry = entryOf(desk, requestId);
    if (entry !== undefined && entry.status !== 'pending') return entry;
    if (entry === undefined || desk?.isOver) throw runOver(run);
    if (Date.now() > deadline) {
      throw new RuntimeUnavailableError(
        'runtimeUnavailable',
        'The answer is on its way, but it took too long to see it accepted.',
      );
    }
    await setTimeout(pause);
  }
}

/** The first answer stands: the same again is as good, another is refused. */
function check(requestId: string, entry: Settled, value: JsonValue): void {
  if (entry.status === 'expired') {
    throw new RequestError('requestExpired', 409, `The time to answer the request "${requestId}" is over.`);
  }
  if (entry.digest === digestOf(value)) return;
  throw new RequestError('alreadyAnswered', 409, `The request "${requestId}" has been answered otherwise.`, {
    fix: 'The first answer stands.',
  });
}

function unknownRequest(requestId: string): RequestError {
  return new RequestError('unknownRequest', 404, `The request "${requestId}" is not pending.`, {
    fix: 'The status of the run says what it waits for.',
  });
}

function runOver({ runId, status }: AnsweredRun): RequestError {
  const word = isOver(status) ? `it is ${status}` : 'it has just ended';
  return new RequestError('runOver', 409, `The run "${runId}" takes no answers any more: ${word}.`);
}

async function read({ port, runId }: AnsweredRun): Promise<Desk | undefined> {
  return readDesk(await port.readEntityState(requestsEntity, runId));
}
