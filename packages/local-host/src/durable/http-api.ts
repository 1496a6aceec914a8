import { parseEntityId } from '../engine/entity-id.ts';
import { decodeEvent } from '../engine/history.ts';
import { isFinal, type RuntimeStatus } from '../engine/instance.ts';
import type { Hub } from '../hub/hub.ts';
import { HubError } from '../hub/hub-error.ts';
import { type ApiReply, type ApiRequest, emptyReply, errorReply, jsonReply } from './api-types.ts';
import { managementPayload } from './client-binding.ts';
import { historyView, seconds, statusView } from './status-view.ts';

const pageSize = 100;

/** The durable client's HTTP API (`/runtime/webhooks/durabletask/…` and the client's loopback base). */
export class DurableHttpApi {
  readonly #hub: Hub;
  readonly #address: { origin: string; taskHub: string };

  constructor(hub: Hub, address: { origin: string; taskHub: string }) {
    this.#hub = hub;
    this.#address = address;
  }

  async handle(request: ApiRequest): Promise<ApiReply> {
    try {
      return await this.#route(request);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      switch (error.code) {
        case 'instanceNotFound':
          return emptyReply(404);
        case 'instanceEnded':
          return emptyReply(410);
        case 'instanceExists':
          return errorReply(409, error.message);
        case 'unknownFunction':
          return errorReply(400, error.message);
      }
    }
  }

  async #route(request: ApiRequest): Promise<ApiReply> {
    const [kind, first = '', second = '', third] = request.segments;
    const { method } = request;
    if (kind === 'orchestrators' && method === 'POST') return this.#start(first, second, request);
    if (kind === 'instances') {
      if (method === 'GET') return first === '' ? this.#list(request) : this.#status(first, request.query);
      if (method === 'DELETE') return first === '' ? this.#purgeMany(request.query) : this.#purge(first);
      if (method === 'POST') return this.#order(first, second, third, request);
    }
    if (kind === 'entities') {
      if (method === 'GET') return second === '' ? this.#entities(first, request.query) : this.#entity(first, second);
      if (method === 'POST' || method === 'DELETE') return this.#signal(first, second, request);
    }
    if (kind === 'makeprimary' && method === 'POST') return emptyReply(200);
    return emptyReply(404);
  }

  async #start(name: string, id: string, request: ApiRequest): Promise<ApiReply> {
    const bad = id === '' ? undefined : instanceIdProblem(id);
    if (bad !== undefined) return errorReply(400, bad);
    const input = request.body === '' ? '""' : request.body;
    if (!isJson(input)) return errorReply(400, 'The request body is not valid JSON.');
    const version = request.query.get('version');
    const instanceId = await this.#hub.startOrchestration({
      name,
      input,
      ...(id !== '' && { instanceId: id }),
      ...(version !== null && { version }),
    });
    const timeout = Number(request.query.get('timeout') ?? 0);
    const interval = Number(request.query.get('pollingInterval') ?? 0);
    if (timeout > 0 && interval > 0) {
      const reply = await this.#ended(instanceId, timeout * 1_000, interval * 1_000);
      if (reply !== undefined) return reply;
    }
    return this.#accepted(instanceId);
  }

  async #restart(id: string, withNewId: boolean): Promise<ApiReply> {
    if (this.#hub.instance(id) === undefined) return errorReply(400, `No instance with ID '${id}' found.`);
    return this.#accepted(await this.#hub.restart(id, withNewId));
  }

  #accepted(instanceId: string): ApiReply {
    const payload = managementPayload(this.#address, instanceId);
    return jsonReply(202, payload, { location: payload.statusQueryGetUri!, 'retry-after': '10' });
  }

  async #ended(id: string, timeoutMs: number, intervalMs: number): Promise<ApiReply | undefined> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const instance = this.#hub.instance(id);
      if (instance !== undefined && isFinal(instance.status)) {
        const view = statusView(instance, { showInput: true });
        return instance.status === 'Completed'
          ? jsonReply(200, view.output)
          : jsonReply(instance.status === 'Failed' ? 500 : 200, view);
      }
      const left = deadline - Date.now();
      if (left <= 0) return undefined;
      await new Promise((resolve) => setTimeout(resolve, Math.min(intervalMs, left)));
    }
  }

  #status(id: string, query: URLSearchParams): ApiReply {
    const instance = this.#hub.instance(id);
    if (instance === undefined) return emptyReply(404);
    const view = statusView(instance, { showInput: query.get('showInput') !== 'false' });
    if (query.get('showHistory') === 'true') {
      const events = this.#hub.history(id).map(decodeEvent);
      view.historyEvents = historyView(events, query.get('showHistoryOutput') === 'true');
    }
    if (!isFinal(instance.status)) {
      const location = managementPayload(this.#address, id).statusQueryGetUri!;
      return jsonReply(202, view, { location, 'retry-after': '5' });
    }
    const asError = instance.status === 'Failed' && query.get('returnInternalServerErrorOnFailure') === 'true';
    return jsonReply(asError ? 500 : 200, view);
  }

  #list(request: ApiRequest): ApiReply {
    const { query } = request;
    const top = Number(query.get('top') ?? pageSize);
    const limit = Number.isInteger(top) && top > 0 ? Math.min(top, 1_000) : pageSize;
    const after = request.continuation ? Buffer.from(request.continuation, 'base64url').toString() : undefined;
    const found = this.#hub.instances({ ...instanceFilter(query), ...(after !== undefined && { after }), limit });
    const showInput = query.get('showInput') === 'true';
    const headers: Record<string, string> = {};
    if (found.length === limit) {
      headers['x-ms-continuation-token'] = Buffer.from(found.at(-1)!.instanceId).toString('base64url');
    }
    return jsonReply(
      200,
      found.map((instance) => statusView(instance, { showInput })),
      headers,
    );
  }

  async #order(id: string, order: string, name: string | undefined, request: ApiRequest): Promise<ApiReply> {
    const reason = request.query.get('reason') ?? '';
    switch (order) {
      case 'raiseEvent':
        if (!/^application\/(.+\+)?json\b/i.test(request.contentType ?? '') || !isJson(request.body)) {
          return errorReply(400, 'An event needs a JSON body with content type application/json.');
        }
        if (!name) return errorReply(400, 'The event has no name.');
        await this.#hub.raiseEvent(id, name, request.body);
        return emptyReply(202);
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
        return this.#restart(id, request.query.get('restartWithNewInstanceId') !== 'false');
      case 'rewind':
        return jsonReply(501, 'The local host does not support rewind yet.');
      default:
        return emptyReply(404);
    }
  }

  async #purge(id: string): Promise<ApiReply> {
    return (await this.#hub.purge(id)) ? jsonReply(200, { instancesDeleted: 1 }) : emptyReply(404);
  }

  async #purgeMany(query: URLSearchParams): Promise<ApiReply> {
    if (query.get('createdTimeFrom') === null) return errorReply(400, 'createdTimeFrom is required.');
    let deleted = 0;
    for (const instance of this.#hub.instances({ ...instanceFilter(query), limit: Number.MAX_SAFE_INTEGER })) {
      if (await this.#hub.purge(instance.instanceId)) deleted++;
    }
    return deleted === 0 ? emptyReply(404) : jsonReply(200, { instancesDeleted: deleted });
  }

  #entity(name: string, key: string): ApiReply {
    const entity = this.#hub.entity({ name, key });
    if (entity === undefined) return emptyReply(404);
    return {
      status: 200,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: entity.state ?? 'null',
    };
  }

  #entities(name: string, query: URLSearchParams): ApiReply {
    const fetchState = query.get('fetchState') === 'true';
    const found = this.#hub.entities({ ...(name !== '' && { name }), limit: pageSize });
    return jsonReply(
      200,
      found.map((entity) => ({
        entityId: parseEntityId(entity.id),
        lastOperationTime: seconds(entity.lastOperationAt),
        ...(fetchState && { state: entity.state === null ? null : JSON.parse(entity.state) }),
      })),
    );
  }

  async #signal(name: string, key: string, request: ApiRequest): Promise<ApiReply> {
    if (name === '' || key === '') return errorReply(400, 'An entity needs a name and a key.');
    const operation = request.method === 'DELETE' ? 'delete' : (request.query.get('op') ?? '');
    let input: string | undefined;
    if (request.body !== '') {
      const json = /json/i.test(request.contentType ?? '');
      if (json && !isJson(request.body)) return errorReply(400, 'The request body is not valid JSON.');
      input = json ? request.body : JSON.stringify(request.body);
    }
    await this.#hub.signalEntity({ name, key }, operation, input);
    return emptyReply(202);
  }
}

function instanceFilter(query: URLSearchParams): {
  statuses?: RuntimeStatus[];
  createdFrom?: number;
  createdTo?: number;
  idPrefix?: string;
} {
  const statuses = query.get('runtimeStatus');
  const from = Date.parse(query.get('createdTimeFrom') ?? '');
  const to = Date.parse(query.get('createdTimeTo') ?? '');
  const prefix = query.get('instanceIdPrefix');
  return {
    ...(statuses && { statuses: statuses.split(',').map((status) => status.trim()) as RuntimeStatus[] }),
    ...(!Number.isNaN(from) && { createdFrom: from }),
    ...(!Number.isNaN(to) && { createdTo: to }),
    ...(prefix && { idPrefix: prefix }),
  };
}

function instanceIdProblem(id: string): string | undefined {
  if (id.startsWith('@')) return "Instance ids must not start with '@'.";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[/\\#?\u0000-\u001f\u007f-\u009f]/.test(id))
    return 'Instance ids must not contain /, \\, #, ? or control characters.';
  if (id.length > 256) return 'Instance ids must not be longer than 256 characters.';
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
