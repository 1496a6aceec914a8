import type { Entity } from '../engine/entity.ts';
import { decodeEvent } from '../engine/history.ts';
import { isFinal } from '../engine/instance.ts';
import type { Hub } from '../hub/hub.ts';
import { HubError } from '../hub/hub-error.ts';
import { StoreError } from '../store/store-error.ts';
import { type ApiReply, type ApiRequest, emptyReply, errorReply, jsonReply } from './api-types.ts';
import { managementPayload } from './client-binding.ts';
import { instanceIdProblem, instanceIdRule } from './instance-id.ts';
import { nextPage, pageSize, pageStart } from './paging.ts';
import { flag, instanceFilter, QueryError, time, waiting } from './query-values.ts';
import { entityView, historyView, parse, statusView } from './status-view.ts';

/** What a URL says for an entity key that is empty. */
const emptyKey = '$';

type LinkAddress = Parameters<typeof managementPayload>[0];

const purgePage = 500;

/** The durable client's HTTP API (`/runtime/webhooks/durabletask/…` and the client's loopback base). */
export class DurableHttpApi {
  readonly #hub: Hub;
  readonly #address: LinkAddress;

  constructor(hub: Hub, address: LinkAddress) {
    this.#hub = hub;
    this.#address = address;
  }

  async handle(request: ApiRequest): Promise<ApiReply> {
    try {
      return await this.#route(request);
    } catch (error) {
      if (error instanceof QueryError) return errorReply(400, error.message);
      if (error instanceof StoreError) return storeReply(error);
      if (!(error instanceof HubError)) throw error;
      switch (error.code) {
        case 'instanceNotFound':
          return notFound(request.segments[1] ?? '');
        case 'instanceEnded':
          return emptyReply(410);
        case 'instanceExists':
          return errorReply(409, error.message);
        case 'instanceNotFailed':
          // The client shows the body of this one as it is, if it is a text.
          return jsonReply(412, error.message);
        case 'hostStopping':
          return { ...errorReply(503, error.message), headers: { 'retry-after': '1' } };
        case 'unknownFunction':
          return errorReply(400, error.message);
      }
    }
  }

  async #route(request: ApiRequest): Promise<ApiReply> {
    const [kind = '', first = '', second = '', third = '', ...more] = request.segments;
    const { method } = request;
    // One part too many is no route: it must never act on what the parts before it name.
    const isDeeper = third !== '' || more.length > 0;
    switch (kind.toLowerCase()) {
      case 'orchestrators':
        if (method !== 'POST') break;
        return isDeeper ? errorReply(400, instanceIdRule) : this.#start(first, second, request);
      case 'instances':
        if (method === 'POST') return this.#order(first, second, [third, ...more], request);
        if (second !== '' || isDeeper) break;
        if (method === 'GET') return first === '' ? this.#list(request) : this.#status(first, request);
        if (method === 'DELETE') return first === '' ? this.#purgeMany(request.query) : this.#purge(first);
        break;
      case 'entities':
        if (isDeeper) break;
        if (method === 'GET') return second === '' ? this.#entities(first, request) : this.#entity(first, second);
        if (method === 'POST' || method === 'DELETE') return this.#signal(first, second, request);
        break;
      case 'makeprimary':
        if (method === 'POST') return emptyReply(200);
        break;
      default:
    }
    return emptyReply(404);
  }

  async #start(name: string, id: string, request: ApiRequest): Promise<ApiReply> {
    const bad = id === '' ? undefined : instanceIdProblem(id);
    if (bad !== undefined) return errorReply(400, bad);
    const input = request.body === '' ? null : request.body;
    if (input !== null && !isJson(input)) return errorReply(400, 'The request body is not valid JSON.');
    const wait = waiting(request.query);
    const version = request.query.get('version');
    const instanceId = await this.#hub.startOrchestration({
      name,
      input,
      ...(id !== '' && { instanceId: id }),
      ...(version !== null && { version }),
    });
    return this.#started(instanceId, wait, request);
  }

  async #restart(id: string, request: ApiRequest): Promise<ApiReply> {
    const wait = waiting(request.query);
    if (this.#hub.instance(id) === undefined) return errorReply(400, `No instance with ID '${id}' found.`);
    const withNewId = flag(request.query, 'restartWithNewInstanceId') ?? true;
    return this.#started(await this.#hub.restart(id, withNewId), wait, request);
  }

  /** The output or the status if the instance ends within the wait, else where to ask for it. */
  async #started(id: string, wait: ReturnType<typeof waiting>, request: ApiRequest): Promise<ApiReply> {
    if (wait !== undefined && (await this.#hub.ends(id, wait.timeoutMs))) {
      const instance = this.#hub.instance(id);
      return instance?.status === 'Completed' ? jsonReply(200, parse(instance.output)) : this.#status(id, request);
    }
    const payload = managementPayload(this.#linkAddress(request), id);
    return jsonReply(202, payload, { location: payload.statusQueryGetUri!, 'retry-after': '10' });
  }

  #status(id: string, request: ApiRequest): ApiReply {
    const { query } = request;
    const instance = this.#hub.instance(id);
    if (instance === undefined) return notFound(id);
    const view = statusView(instance, { showInput: flag(query, 'showInput') ?? true });
    if (flag(query, 'showHistory')) {
      const events = this.#hub.history(id).map(decodeEvent);
      view.historyEvents = historyView(events, flag(query, 'showHistoryOutput') ?? false);
    }
    if (!isFinal(instance.status)) {
      return jsonReply(202, view, { location: this.#pollAgain(id, request), 'retry-after': '5' });
    }
    const asError = instance.status === 'Failed' && flag(query, 'returnInternalServerErrorOnFailure');
    return jsonReply(asError ? 500 : 200, view);
  }

  /** Links lead back to where the caller came from: a mapped port, another name of this machine. */
  #linkAddress({ origin }: ApiRequest): LinkAddress {
    return origin === undefined ? this.#address : { ...this.#address, origin };
  }

  /** The next poll asks as this one did. */
  #pollAgain(id: string, request: ApiRequest): string {
    const url = new URL(managementPayload(this.#linkAddress(request), id).statusQueryGetUri!);
    for (const [name, value] of request.query) if (!url.searchParams.has(name)) url.searchParams.set(name, value);
    return url.href;
  }

  #list(request: ApiRequest): ApiReply {
    const { query } = request;
    const limit = pageSize(query);
    // One more than a page tells whether there is another.
    const found = this.#hub.instances({ ...instanceFilter(query), ...pageStart(request), limit: limit + 1 });
    const showInput = flag(query, 'showInput') ?? true;
    const page = found.slice(0, limit);
    return jsonReply(
      200,
      page.map((instance) => statusView(instance, { showInput })),
      found.length > limit ? nextPage(page.at(-1)!.instanceId) : {},
    );
  }

  async #order(id: string, order: string, rest: string[], request: ApiRequest): Promise<ApiReply> {
    const name = order.toLowerCase();
    if (name === 'raiseevent') return this.#raiseEvent(id, rest, request);
    if (rest.length > 1 || rest[0] !== '') return emptyReply(404);
    const reason = request.query.get('reason') ?? '';
    switch (name) {
      case 'terminate':
        await this.#hub.terminate(id, reason);
        return emptyReply(202);
      case 'suspend':
        await this.#hub.suspend(id, reason);
        return emptyReply(202);
      case 'resume':
        await this.#hub.resume(id, reason);
        return emptyReply(202);
      case 'restart':
        return this.#restart(id, request);
      case 'rewind':
        await this.#hub.rewind(id, reason);
        return emptyReply(202);
      default:
        return emptyReply(404);
    }
  }

  async #raiseEvent(id: string, rest: string[], request: ApiRequest): Promise<ApiReply> {
    const [name = '', ...more] = rest;
    const instance = this.#hub.instance(id);
    // Whether the instance can take events at all is said first; the hub says it.
    if (instance !== undefined && !isFinal(instance.status)) {
      if (name === '' || more.length > 0) return errorReply(400, 'An event needs a name, with any / in it escaped.');
      if (!isJsonType(request) || !isJson(request.body)) {
        return errorReply(400, 'An event needs a JSON body with content type application/json.');
      }
    }
    await this.#hub.raiseEvent(id, name, request.body);
    return emptyReply(202);
  }

  async #purge(id: string): Promise<ApiReply> {
    return (await this.#hub.purge(id)) ? jsonReply(200, { instancesDeleted: 1 }) : notFound(id);
  }

  async #purgeMany(query: URLSearchParams): Promise<ApiReply> {
    if (time(query, 'createdTimeFrom') === undefined) return errorReply(400, 'createdTimeFrom is required.');
    let deleted = 0;
    let after: string | undefined;
    do {
      // In pages: what is purged may be far more than fits into memory.
      const page = this.#hub.instances({ ...instanceFilter(query), ...(after && { after }), limit: purgePage });
      const purged = await Promise.all(page.map(({ instanceId }) => this.#hub.purge(instanceId)));
      deleted += purged.filter(Boolean).length;
      after = page.length === purgePage ? page.at(-1)?.instanceId : undefined;
    } while (after !== undefined);
    return deleted === 0 ? emptyReply(404) : jsonReply(200, { instancesDeleted: deleted });
  }

  #entity(name: string, key: string): ApiReply {
    const entity = this.#hub.entity({ name, key: key === emptyKey ? '' : key });
    if (entity === undefined) return emptyReply(404);
    return {
      status: 200,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: entity.state ?? 'null',
    };
  }

  #entities(name: string, request: ApiRequest): ApiReply {
    const { query } = request;
    const limit = pageSize(query);
    const from = time(query, 'lastOperationTimeFrom') ?? Number.NEGATIVE_INFINITY;
    const to = time(query, 'lastOperationTimeTo') ?? Number.POSITIVE_INFINITY;
    const found: Entity[] = [];
    let start = pageStart(request);
    while (found.length <= limit) {
      const batch = this.#hub.entities({ ...(name !== '' && { name }), ...start, limit: limit + 1 });
      found.push(...batch.filter(({ lastOperationAt }) => lastOperationAt >= from && lastOperationAt <= to));
      if (batch.length <= limit) break;
      start = { after: batch.at(-1)!.id };
    }
    const fetchState = flag(query, 'fetchState') ?? false;
    const page = found.slice(0, limit);
    return jsonReply(
      200,
      page.map((entity) => entityView(entity, fetchState)),
      found.length > limit ? nextPage(page.at(-1)!.id) : {},
    );
  }

  async #signal(name: string, key: string, request: ApiRequest): Promise<ApiReply> {
    if (name === '') return errorReply(400, 'An entity needs a name.');
    const operation = request.method === 'DELETE' ? 'delete' : (request.query.get('op') ?? '');
    let input: string | undefined;
    if (request.body !== '') {
      const json = isJsonType(request);
      if (json && !isJson(request.body)) return errorReply(400, 'The request body is not valid JSON.');
      input = json ? request.body : JSON.stringify(request.body);
    }
    await this.#hub.signalEntity({ name, key }, operation, input);
    return emptyReply(202);
  }
}

/** No such instance; with the rule if no instance could have that id. */
function notFound(id: string): ApiReply {
  const bad = instanceIdProblem(id);
  return bad === undefined ? emptyReply(404) : errorReply(400, bad);
}

function isJsonType({ contentType = '' }: ApiRequest): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType.trim());
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What the store cannot do now. Its own words name folders and stay in the log. */
function storeReply({ code }: StoreError): ApiReply {
  if (code === 'diskFull') return errorReply(507, 'The disk of the local host is full. Nothing was changed.');
  if (code === 'damaged') return errorReply(500, 'What is stored of this is damaged. Nothing was changed.');
  const reply = errorReply(503, 'The store of the local host does not take anything just now. Nothing was changed.');
  return { ...reply, headers: { ...reply.headers, 'retry-after': '1' } };
}
