import { setTimeout } from 'node:timers/promises';
import type { OrchestrationStatus } from '../agent/tool-durable-client.ts';
import { RequestError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import { acceptAnswer, type GivenAnswer } from './accept-answer.ts';
import { pendingOn, readDesk } from './request-desk.ts';
import { checkRunId, isRunId, newRunId } from './run-id.ts';
import { digestOf, readWorkflowInput, writeStart } from './run-record.ts';
import { definitionOf, isOver, type RunView, runView, runWord } from './run-view.ts';
import { requestsEntity, workflowOrchestrator } from './workflow-names.ts';
import type { WorkflowPort } from './workflow-port.ts';
import type { WorkflowFamily } from './workflow-set.ts';

export interface RunPage {
  runs: RunView[];
  continuation?: string;
}

export interface ListQuery {
  statuses: readonly string[];
  pageSize: number;
  continuation?: string | undefined;
}

const firstPollMs = 10;
const longestPollMs = 1_000;
/** Pages that are looked through for one page of a workflow's runs. */
const maxPages = 20;

/** Starts and steers runs of one workflow. */
export class WorkflowClient {
  readonly #family: WorkflowFamily;
  readonly #port: WorkflowPort;

  constructor(family: WorkflowFamily, port: WorkflowPort) {
    this.#family = family;
    this.#port = port;
  }

  /**
   * Starts a run; one of the same id and input, running or ended, is that run.
   *
   * @throws RequestError `invalidRunId` (400), `runIdInUse` (409)
   */
  async start(input: JsonValue, runId?: string): Promise<string> {
    if (runId === undefined) return this.#start(newRunId(), input);
    checkRunId(runId);
    if (await this.#isStarted(runId, input)) return runId;
    try {
      return await this.#start(runId, input);
    } catch (error) {
      // Two of the same id at the same time: one of them is this run.
      if (await this.#isStarted(runId, input)) return runId;
      throw error;
    }
  }

  /** @throws RequestError `runNotFound` (404), also for runs of other workflows */
  async get(runId: string): Promise<RunView> {
    const found = await this.#find(runId);
    const over = isOver(runWord(found.runtimeStatus));
    return runView(found, this.#family, over ? [] : await this.#pending(runId));
  }

  /** Waits for the end of a run; undefined when the time is up. */
  async waitFor(runId: string, timeoutMs: number): Promise<RunView | undefined> {
    const deadline = Date.now() + timeoutMs;
    for (let pause = firstPollMs; ; pause = Math.min(pause * 2, longestPollMs)) {
      const found = await this.#find(runId);
      if (isOver(runWord(found.runtimeStatus))) return runView(found, this.#family, []);
      const left = deadline - Date.now();
      if (left <= 0) return undefined;
      await setTimeout(Math.min(pause, left));
    }
  }

  /**
   * Answers a request of a run.
   *
   * @returns the id of the request; `repeated`: the same answer had been accepted before
   * @throws RequestError `runNotFound`, `unknownRequest` (404), `invalidResponse` (400), `alreadyAnswered`,
   * `requestExpired`, `runOver` (409)
   */
  async respond(runId: string, answer: GivenAnswer): Promise<{ requestId: string; repeated: boolean }> {
    const found = await this.#find(runId);
    const { graph } = definitionOf(found, this.#family);
    const status = runWord(found.runtimeStatus);
    return acceptAnswer({ graph, port: this.#port, runId, status }, answer);
  }

  /**
   * Stops a run.
   *
   * @throws RequestError `runNotFound` (404), `runOver` (409)
   */
  async cancel(runId: string, reason: string): Promise<void> {
    const status = runWord((await this.#find(runId)).runtimeStatus);
    if (isOver(status)) throw new RequestError('runOver', 409, `The run "${runId}" is over: it is ${status}.`);
    await this.#port.terminate(runId, reason);
    await this.#port.signalEntity(requestsEntity, runId, 'end', {});
  }

  /** Runs of this workflow that callers have started. A page may be shorter than asked for. */
  async list({ statuses, pageSize, continuation }: ListQuery): Promise<RunPage> {
    const runs: RunView[] = [];
    let next = continuation;
    for (let page = 0; page < maxPages; page++) {
      const { instances, continuation: after } = await this.#port.listInstances({
        statuses,
        pageSize,
        continuation: next,
      });
      const own = instances.filter((found) => this.#isOwn(found) && isRunId(found.instanceId));
      runs.push(...own.map((found) => runView(found, this.#family, [])));
      next = after;
      if (next === undefined || runs.length >= pageSize) break;
    }
    return { runs, ...(next !== undefined && { continuation: next }) };
  }

  async #start(runId: string, input: JsonValue): Promise<string> {
    const { name, current } = this.#family;
    await this.#port.start(workflowOrchestrator(name), runId, writeStart(input, current.fingerprint));
    return runId;
  }

  async #isStarted(runId: string, input: JsonValue): Promise<boolean> {
    const found = await this.#port.getStatus(runId);
    if (found === undefined) return false;
    if (this.#isOwn(found) && readWorkflowInput(found.input).digest === digestOf(input)) return true;
    throw new RequestError('runIdInUse', 409, `The run id "${runId}" is in use for a run with another input.`, {
      fix: 'Choose another id, or leave it out.',
    });
  }

  async #find(runId: string): Promise<OrchestrationStatus> {
    const found = isRunId(runId) ? await this.#port.getStatus(runId) : undefined;
    // Whether there is a run of another workflow with that id is nobody's business here.
    if (found !== undefined && this.#isOwn(found)) return found;
    throw new RequestError('runNotFound', 404, `There is no run "${runId}" of workflow "${this.#family.name}".`);
  }

  #isOwn({ name }: OrchestrationStatus): boolean {
    return name.toLowerCase() === workflowOrchestrator(this.#family.name).toLowerCase();
  }

  async #pending(runId: string) {
    return pendingOn(readDesk(await this.#port.readEntityState(requestsEntity, runId)));
  }
}
