import { maxTimerMs } from '../agent/tool.ts';
import { RequestError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import type { Arrival } from './effects.ts';
import type { Graph } from './graph.ts';
import { parseQualified, portAt, type RequestView, viewRequest } from './pending.ts';
import { toPlainJson } from './plain-json.ts';
import { expiredArrivals } from './requests.ts';
import type { PendingRequest } from './run-state.ts';

export type Answer = Arrival & { requestId: string };

/** Gets requests answered while a run goes on, and tells when their time is up. */
export class AnswerDesk {
  readonly #graph: Graph;
  readonly #respond: ((request: RequestView) => unknown) | undefined;
  readonly #now: () => number;
  readonly #signal: AbortSignal;
  readonly #asked = new Set<string>();
  readonly #open = new Map<string, Promise<void>>();
  #ready: Answer[] = [];
  #error: { thrown: unknown } | undefined;

  constructor(
    graph: Graph,
    respond: ((request: RequestView) => unknown) | undefined,
    now: () => number,
    signal: AbortSignal,
  ) {
    this.#graph = graph;
    this.#respond = respond;
    this.#now = now;
    this.#signal = signal;
  }

  /** What has been answered by now, and what nobody will answer any more. Does not wait for anybody. */
  async poll(requests: readonly PendingRequest[]): Promise<Answer[]> {
    for (const request of requests) await this.#ask(viewRequest(this.#graph, request));
    return this.#take(requests);
  }

  /** Waits for an answer or a deadline. Nothing comes if nobody is working on an answer. */
  async wait(requests: readonly RequestView[]): Promise<Answer[]> {
    for (const request of requests) await this.#ask(request);
    for (;;) {
      const taken = this.#take(requests);
      if (taken.length > 0 || this.#open.size === 0 || this.#signal.aborted) return taken;
      await this.#change(requests);
    }
  }

  /**
   * A value as an answer to a pending request.
   *
   * @throws RequestError `unknownRequest` (404), `invalidResponse` (400)
   */
  async check(requests: readonly RequestView[], requestId: string, value: unknown): Promise<JsonValue> {
    const request = requests.find((one) => one.requestId === requestId);
    const path = parseQualified(requestId);
    if (request === undefined || path === undefined) {
      throw new RequestError('unknownRequest', 404, `The request "${requestId}" is not pending.`, {
        fix: 'Take the id from pendingRequests.',
      });
    }
    const json = toPlainJson(value, 'response');
    const checked = await portAt(this.#graph, path, request.portId)?.checkResponse(json);
    if (checked?.ok === false) {
      const message = `This does not answer the request "${requestId}" (port "${request.portId}"): ${checked.problem}.`;
      throw new RequestError('invalidResponse', 400, message, { fix: "Send what the port's response schema says." });
    }
    return json;
  }

  /** An answer that is given at once is ready at once, so that such runs always go the same way. */
  async #ask(request: RequestView): Promise<void> {
    const { requestId } = request;
    if (this.#respond === undefined || this.#asked.has(requestId)) return;
    this.#asked.add(requestId);
    const value: unknown = this.#respond(request);
    if (!(value instanceof Promise)) {
      await this.#answer(request, value);
      return;
    }
    const work = value
      .then((given: unknown) => this.#answer(request, given))
      .catch((thrown: unknown) => {
        this.#error ??= { thrown };
      })
      .finally(() => this.#open.delete(requestId));
    this.#open.set(requestId, work);
  }

  async #answer(request: RequestView, value: unknown): Promise<void> {
    if (value === undefined) return;
    const json = await this.check([request], request.requestId, value);
    this.#ready.push({ type: 'response', requestId: request.requestId, value: json });
  }

  #take(requests: readonly PendingRequest[]): Answer[] {
    if (this.#error !== undefined) throw this.#error.thrown;
    const ready = this.#ready;
    this.#ready = [];
    const answered = new Set(ready.map(({ requestId }) => requestId));
    const expired = expiredArrivals(requests, this.#now()) as Answer[];
    return [...ready, ...expired.filter(({ requestId }) => !answered.has(requestId))];
  }

  /** Until an answer comes, the next deadline, or the abort. */
  async #change(requests: readonly PendingRequest[]): Promise<void> {
    const deadlines = requests.flatMap(({ expiresAt }) => (expiresAt === undefined ? [] : [expiresAt]));
    // A deadline further away than a timer can hold is waited for again.
    const inMs = Math.min(maxTimerMs, Math.max(1, Math.min(...deadlines) - this.#now()));
    let timer: NodeJS.Timeout | undefined;
    let stop: (() => void) | undefined;
    const waits: Promise<unknown>[] = [...this.#open.values()];
    if (deadlines.length > 0) {
      waits.push(
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, inMs);
        }),
      );
    }
    waits.push(
      new Promise<void>((resolve) => {
        stop = resolve;
        this.#signal.addEventListener('abort', resolve as () => void, { once: true });
      }),
    );
    try {
      await Promise.race(waits);
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', stop as () => void);
    }
  }
}
