import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EntityOperation, runBatch } from './entity-batch.ts';
import type { FunctionsCore } from './functions-core.ts';

/** The entity routes of a durable backend over HTTP, one operation a batch, committed after the function returns. */
export class DurableBackend {
  /** Committed states by `name/key`. */
  readonly states = new Map<string, string>();
  /** Request targets as they came over the wire. */
  readonly targets: string[] = [];
  readonly #core: FunctionsCore;
  readonly #server = createServer((request, response) => {
    this.#serve(request.method ?? '', request.url ?? '', request).then(
      ([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(body);
      },
      (error) => {
        response.writeHead(500);
        response.end(String(error));
      },
    );
  });
  #queue: Promise<unknown> = Promise.resolve();

  constructor(core: FunctionsCore) {
    this.#core = core;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    process.env.WEBSITE_HOSTNAME = this.#origin.replace('http://', '');
  }

  async stop(): Promise<void> {
    await this.idle();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async idle(): Promise<void> {
    await this.#queue;
  }

  get #origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The data of a durable client binding; without the local address for calls, clients use the public one. */
  clientData(useRpc: boolean): object {
    const baseUrl = `${this.#origin}/durabletask`;
    const data = {
      taskHubName: 'Hub',
      creationUrls: { createNewInstancePostUri: `${baseUrl}/x`, createAndWaitOnNewInstancePostUri: `${baseUrl}/x` },
      managementUrls: { id: 'INSTANCEID', statusQueryGetUri: `${baseUrl}/instances/INSTANCEID` },
      baseUrl,
      requiredQueryStringParameters: 'code=key',
      ...(useRpc && { rpcBaseUrl: `${baseUrl}/` }),
    };
    return { string: JSON.stringify(data) };
  }

  async #serve(method: string, target: string, body: AsyncIterable<Buffer>): Promise<[number, string]> {
    this.targets.push(target);
    const url = new URL(target, this.#origin);
    const [, , kind, name, key, ...rest] = url.pathname.split('/').map(decodeURIComponent);
    if (kind !== 'entities' || name === undefined || key === undefined || rest.length > 0) return [404, '{}'];
    if (method === 'GET') {
      const state = this.states.get(`${name}/${key}`);
      return state === undefined ? [404, '{}'] : [200, state];
    }
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const input: unknown = JSON.parse(Buffer.concat(chunks).toString());
    this.#queue = this.#queue.then(() => this.#perform(name, key, { name: url.searchParams.get('op') ?? '', input }));
    return [202, ''];
  }

  async #perform(name: string, key: string, operation: EntityOperation): Promise<void> {
    const functionName = [...this.#core.functions.keys()].find((candidate) => candidate.toLowerCase() === name);
    const id = `${name}/${key}`;
    const { entityState } = await runBatch(this.#core, functionName ?? name, key, this.states.get(id), [operation]);
    if (entityState !== undefined) this.states.set(id, entityState);
  }
}
