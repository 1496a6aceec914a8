import type { Random } from './random.ts';

/** A step of an orchestrator, as data. Steps with an `id` get it back as (part of) their own result. */
export type Step =
  | { k: 'act' | 'bad' | 'bomb'; id: string }
  /** The first `failures` attempts fail. */
  | { k: 'retry'; id: string; failures: number; attempts: number; timeoutMs?: number }
  | { k: 'sub'; as: string | null; program: Program }
  | { k: 'timer'; ms: number }
  | { k: 'event'; name: string }
  | { k: 'call'; id: string; key: string; op: 'add' | 'fail' | 'break' | 'forget' | 'pass'; n: number }
  | { k: 'signal'; key: string; n: number }
  /** Inside a lock: reads the entity and sets it anew, which goes wrong if anybody comes between. */
  | { k: 'bump'; id: string; key: string; n: number }
  | { k: 'lock'; keys: string[]; body: Step[] }
  | { k: 'all' | 'any'; of: Step[] }
  | { k: 'status'; value: string }
  | { k: 'throw' };

export interface Program {
  /** Names the run in checks. */
  run: string;
  steps: Step[];
  /** The program continues as new until this round. */
  rounds: number;
  round: number;
}

export const entityKeys = ['a', 'b', 'c'];
export const eventNames = ['A', 'B'];

const delaysMs = [0, 1, 10, 1_000, 3_600_000, 40 * 86_400_000];

/** Makes programs at random. */
export class ProgramMaker {
  readonly #random: Random;
  readonly #sharedIds: readonly string[];
  readonly #breaks: boolean;
  #ids = 0;

  /**
   * @param sharedIds instance ids that sub-orchestrations and the client both use
   * @param breaks whether entity functions may break as a whole, which fails every operation of a batch
   */
  constructor(random: Random, sharedIds: readonly string[], breaks: boolean) {
    this.#random = random;
    this.#sharedIds = sharedIds;
    this.#breaks = breaks;
  }

  program(most: number, depth = 0): Program {
    const random = this.#random;
    const steps = Array.from({ length: random.between(1, most) }, () => this.#step(depth));
    if (random.chance(4)) steps.push({ k: 'throw' });
    return { run: `r${this.#ids++}`, steps, rounds: random.chance(15) ? random.between(1, 2) : 0, round: 0 };
  }

  /** A program that takes the process down each time it runs. */
  bomb(): Program {
    const steps: Step[] = [{ k: 'bomb', id: this.#id() }, this.#leaf(1)];
    return { run: `r${this.#ids++}`, steps, rounds: 0, round: 0 };
  }

  #id(): string {
    return `s${this.#ids++}`;
  }

  #step(depth: number): Step {
    return this.#random.weighted<() => Step>([
      [10, () => this.#leaf(depth)],
      [3, () => this.#compound(depth)],
      [2, () => this.#lock()],
      [2, () => ({ k: 'signal', key: this.#random.pick(entityKeys), n: this.#random.between(1, 9) })],
      [1, () => ({ k: 'status', value: this.#id() })],
    ])();
  }

  #compound(depth: number): Step {
    const of = Array.from({ length: this.#random.between(1, 3) }, () =>
      depth < 2 && this.#random.chance(15) ? this.#compound(depth + 1) : this.#leaf(depth + 1),
    );
    return { k: this.#random.pick(['all', 'any'] as const), of };
  }

  #leaf(depth: number): Step {
    const random = this.#random;
    return random.weighted<() => Step>([
      [8, () => ({ k: 'act', id: this.#id() })],
      [1, () => ({ k: 'bad', id: this.#id() })],
      [2, () => this.#retry()],
      [depth < 2 ? 3 : 0, () => this.#sub(depth)],
      [3, () => ({ k: 'timer', ms: random.pick(delaysMs) })],
      [4, () => ({ k: 'event', name: random.pick(eventNames) })],
      [3, () => this.#call()],
    ])();
  }

  #retry(): Step {
    const failures = this.#random.below(4);
    const attempts = this.#random.between(1, 3);
    return {
      k: 'retry',
      id: this.#id(),
      failures,
      attempts,
      ...(this.#random.chance(20) && { timeoutMs: this.#random.pick([1, 50]) }),
    };
  }

  #sub(depth: number): Step {
    const shared = this.#sharedIds.length > 0 && this.#random.chance(40);
    return {
      k: 'sub',
      as: shared ? this.#random.pick(this.#sharedIds) : null,
      program: this.program(2, depth + 1),
    };
  }

  #call(): Step {
    const op = this.#random.weighted([
      [6, 'add'],
      [1, 'fail'],
      [this.#breaks ? 1 : 0, 'break'],
      [1, 'forget'],
      [2, 'pass'],
    ] as const);
    return { k: 'call', id: this.#id(), key: this.#random.pick(entityKeys), op, n: this.#random.between(1, 9) };
  }

  #lock(): Step {
    const random = this.#random;
    const keys = entityKeys.filter(() => random.chance(60));
    if (keys.length === 0) keys.push(random.pick(entityKeys));
    const body = Array.from({ length: random.between(1, 3) }, () =>
      random.weighted<() => Step>([
        [6, () => ({ k: 'bump', id: this.#id(), key: random.pick(keys), n: random.between(1, 9) })],
        [2, () => ({ k: 'act', id: this.#id() })],
        [1, () => ({ k: 'event', name: random.pick(eventNames) })],
        [1, () => ({ k: 'timer', ms: random.pick(delaysMs) })],
        [1, () => ({ k: 'throw' })],
      ])(),
    );
    return { k: 'lock', keys, body };
  }
}
