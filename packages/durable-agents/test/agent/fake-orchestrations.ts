import type { OrchestrationStatus, ToolDurablePort } from '../../src/agent/tool-durable-client.ts';
import type { JsonValue } from '../../src/json.ts';

/** A durable backend in memory; like the real one it would start an ended instance anew. */
export class FakeOrchestrations implements ToolDurablePort {
  readonly starts: { name: string; instanceId: string; input: JsonValue | undefined }[] = [];
  readonly events: { instanceId: string; eventName: string; data: JsonValue }[] = [];
  readonly reasons: string[] = [];
  readonly #instances = new Map<string, OrchestrationStatus>();

  async startOrchestration(name: string, { instanceId, input }: { instanceId: string; input?: JsonValue }) {
    this.starts.push({ name, instanceId, input });
    this.#instances.set(instanceId, {
      instanceId,
      name,
      runtimeStatus: 'Running',
      ...(input !== undefined && { input }),
    });
  }

  async getStatus(instanceId: string): Promise<OrchestrationStatus | undefined> {
    return this.#instances.get(instanceId);
  }

  async raiseEvent(instanceId: string, eventName: string, data: JsonValue): Promise<void> {
    if (!this.#instances.has(instanceId)) throw new Error(`There is no instance "${instanceId}".`);
    this.events.push({ instanceId, eventName, data });
  }

  async terminate(instanceId: string, reason: string): Promise<void> {
    this.reasons.push(reason);
    this.end(instanceId, 'Terminated');
  }

  /** Ends an instance, or changes its status otherwise. */
  end(instanceId: string, runtimeStatus: string, fields: Partial<OrchestrationStatus> = {}): void {
    const known = this.#instances.get(instanceId);
    if (known === undefined) throw new Error(`There is no instance "${instanceId}".`);
    this.#instances.set(instanceId, { ...known, runtimeStatus, ...fields });
  }
}
