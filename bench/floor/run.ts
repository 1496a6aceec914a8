import { randomUUID } from 'node:crypto';
import type { GroupCommit } from './group-commit.ts';

const time = '"Timestamp":"2026-01-01T00:00:00.000Z"';
const mark = (type: number) => `{"EventType":${type},"EventId":-1,${time}}`;

let lastMessage = 0;
let lastInstance = 0;

/**
 * The rows of one orchestration, step by step, as long as the engine's. Nothing is run, replayed or parsed: the texts
 * are known beforehand.
 */
export class Run {
  readonly id: string;
  readonly #commit: GroupCommit;
  readonly #name: string;
  readonly #execution = randomUUID().replaceAll('-', '');
  readonly #number = ++lastInstance;
  #position = 0;

  constructor(commit: GroupCommit, name: string, id: string = randomUUID().replaceAll('-', '')) {
    this.#commit = commit;
    this.#name = name;
    this.id = id;
  }

  /** The accepted start. @returns the message that begins the first episode */
  async start(): Promise<number> {
    const message = ++lastMessage;
    const body = `{"executionId":"${this.#execution}","event":${this.#started()}}`;
    await this.#commit.write((rows) => {
      rows.addInstance.run(this.#number, this.id, 'Pending', this.#document('Pending'));
      rows.addMessage.run(message, 'orchestration', this.id, body);
    });
    return message;
  }

  /** One episode. @returns the messages of the activities it schedules */
  async episode(step: {
    consume: readonly number[];
    arrived: readonly string[];
    schedule?: { activity: string; ids: readonly number[] };
    ends?: boolean;
  }): Promise<number[]> {
    const { activity = '', ids = [] } = step.schedule ?? {};
    const events = [
      mark(12),
      ...step.arrived,
      ...ids.map((id) => scheduled(activity, id)),
      ...(step.ends ? [ended()] : []),
    ];
    events.push(mark(13));
    const messages = ids.map(() => ++lastMessage);
    const status = step.ends ? 'Completed' : 'Running';
    await this.#commit.write((rows) => {
      for (const id of step.consume) rows.deleteMessage.run(id);
      rows.changeInstance.run(status, this.#document(status), this.#number);
      rows.addEvents.run(this.#number, this.#position, events.join('\n'));
      for (const [index, id] of ids.entries()) {
        rows.addMessage.run(messages[index]!, 'activity', activity, this.#activityBody(activity, id));
      }
    });
    this.#position += events.length;
    return messages;
  }

  /** An accepted external event. @returns its message */
  async raise(): Promise<number> {
    const message = ++lastMessage;
    await this.#commit.write((rows) => {
      rows.addMessage.run(message, 'orchestration', this.id, `{"executionId":null,"event":${raised}}`);
    });
    return message;
  }

  #started(): string {
    return `{"EventType":0,"EventId":-1,${time},"Name":"${this.#name}","Version":"","Input":"{}","OrchestrationInstance":{"InstanceId":"${this.id}","ExecutionId":"${this.#execution}"}}`;
  }

  /** The events with which the first episode begins. */
  get beginning(): string[] {
    return [this.#started()];
  }

  #document(status: string): string {
    return `{"instanceId":"${this.id}","name":"${this.#name}","version":"","executionId":"${this.#execution}","status":"${status}","input":"{}","output":null,"customStatus":null,"createdAt":1767225600000,"updatedAt":1767225600000,"parent":null}`;
  }

  #activityBody(activity: string, id: number): string {
    return `{"instanceId":"${this.id}","executionId":"${this.#execution}","taskId":${id},"name":"${activity}","input":"\\"\\\\\\"city ${id}\\\\\\"\\""}`;
  }
}

export const raised = `{"EventId":-1,${time},"EventType":15,"Name":"Go","Input":"1"}`;

export function completed(id: number): string {
  return `{"EventId":-1,"TaskScheduledId":${id},"EventType":5,${time},"Result":"\\"Hello city ${id}\\""}`;
}

function scheduled(activity: string, id: number): string {
  return `{"EventId":${id},${time},"EventType":4,"Name":"${activity}","Input":"[\\"\\\\\\"city ${id}\\\\\\"\\"]"}`;
}

function ended(): string {
  return `{"EventType":1,"EventId":10,${time},"OrchestrationStatus":"Completed","Result":"10"}`;
}
