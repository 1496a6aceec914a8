import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually, HostProcess, root, temporaryFolder } from '../../support/host-process.ts';
import { ModelServer } from '../../support/model-server.ts';

export interface Pending {
  requestId: string;
  sourceExecutor: string;
  requestData: unknown;
  requestType: string;
  responseSchema: { required: string[] };
  respondUrl: string;
  createdAt: string;
  expiresAt: string;
}

/** The fields of all replies that the tests look at; each reply has some of them. */
export interface Body {
  runId: string;
  instanceId: string;
  message: string;
  statusQueryGetUri: string;
  respondUri: string;
  status: string;
  runtimeStatus: string;
  workflowStatus: string;
  customStatus: { state: string; pendingCount: number };
  result: unknown;
  output: unknown[];
  error: string;
  errorCode: string;
  failure: { code: string; executorId: string; attempts: number };
  requestId: string;
  repeated: boolean;
  validated: boolean;
  pendingHumanInputRequests?: Pending[];
  waitingForInput: { eventName: string; input: unknown }[] | null;
  waitingFor: { node: string; requestId: string; until: string | null }[];
  runs: { runId: string; status: string }[];
  graph: { nodes: { state: string }[] };
}

export interface Reply {
  status: number;
  body: Body;
}

/** The app of the workflow tests: a folder for what its executors do, and hosts that die and come back. */
export class WorkflowApp {
  readonly folder: string;
  readonly model: ModelServer;
  readonly #options: Parameters<typeof HostProcess.start>[0];
  readonly #t: TestContext;
  host!: HostProcess;

  private constructor(t: TestContext, folder: string, model: ModelServer, args: string[]) {
    this.#t = t;
    this.folder = folder;
    this.model = model;
    const env = { ...model.env, EFFECTS: folder };
    this.#options = { app: join(root, 'test/apps/workflows'), data: join(folder, 'data'), env, args };
  }

  static async start(
    t: TestContext,
    {
      args = [],
      env = {},
      reply,
    }: { args?: string[]; env?: Record<string, string>; reply?: ModelServer['reply'] } = {},
  ): Promise<WorkflowApp> {
    const model = await ModelServer.start(reply);
    t.after(() => model.stop());
    const app = new WorkflowApp(t, temporaryFolder(t), model, args);
    await app.boot(env);
    return app;
  }

  async boot(env: Record<string, string> = {}): Promise<void> {
    const host = await HostProcess.start({ ...this.#options, env: { ...this.#options.env, ...env } });
    this.host = host;
    this.#t.after(() => (this.host === host ? host.stop() : undefined));
  }

  /** The process dies at once, and another comes up. */
  async restart(env: Record<string, string> = {}): Promise<void> {
    await this.host.kill();
    await this.boot(env);
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const reply = await this.host.post(`/api/${path}`, JSON.stringify(body), headers);
    return { status: reply.status, body: (await reply.json()) as Body };
  }

  async get(path: string): Promise<Reply> {
    const reply = await fetch(`${this.host.url}/api/${path}`);
    return { status: reply.status, body: (await reply.json()) as Body };
  }

  /** Starts a run and gives its id. */
  async begin(workflow: string, input: unknown): Promise<string> {
    const { status, body } = await this.post(`workflows/${workflow}/run`, input);
    if (status !== 202) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body.runId;
  }

  /** Runs a workflow to its end. */
  run(workflow: string, input: unknown): Promise<Reply> {
    return this.post(`workflows/${workflow}/run?waitForResponse=true&timeoutSeconds=60`, input);
  }

  status(workflow: string, runId: string, query = ''): Promise<Reply> {
    return this.get(`workflows/${workflow}/status/${runId}${query}`);
  }

  /** The status of a run when it is over. */
  ended(workflow: string, runId: string): Promise<Body> {
    return eventually(`the end of ${workflow}`, async () => {
      const { body } = await this.status(workflow, runId);
      return ['Completed', 'Failed', 'Terminated'].includes(body.status) ? body : undefined;
    });
  }

  /** The requests of a run when there are as many. */
  requests(workflow: string, runId: string, count = 1): Promise<Pending[]> {
    return eventually(`${count} requests of ${workflow}`, async () => {
      const { body } = await this.status(workflow, runId);
      const found = body.pendingHumanInputRequests ?? [];
      return found.length === count ? found : undefined;
    });
  }

  answer(workflow: string, runId: string, requestId: string | undefined, value: unknown): Promise<Reply> {
    return this.post(`workflows/${workflow}/respond/${runId}/${encodeURIComponent(String(requestId))}`, value);
  }

  /** What took effect, in its order. */
  effects(): string[] {
    const file = join(this.folder, 'effects.log');
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    return lines.map((line) => line.split(' ')[0] as string);
  }

  hold(executor: string): void {
    writeFileSync(join(this.folder, `hold-${executor}`), '');
  }

  release(executor: string): void {
    rmSync(join(this.folder, `hold-${executor}`));
  }
}
