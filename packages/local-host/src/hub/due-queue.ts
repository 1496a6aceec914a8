import type { StoredMessage } from '../store/store.ts';
import type { Clock } from './executor.ts';

/** A message that is due later than this, in milliseconds, is kept without its body: there may be very many. */
const farMs = 30_000;
/** No body is empty: each is JSON. */
const noBody = '';

/** Messages that are not due yet: a binary heap by time, with one armed timer. */
export class DueQueue {
  readonly #clock: Clock;
  readonly #deliver: (message: StoredMessage) => void;
  readonly #bodyOf: (id: number) => string | undefined;
  readonly #heap: StoredMessage[] = [];
  readonly #tagged = new Map<string, StoredMessage>();
  readonly #withdrawn = new Set<StoredMessage>();
  #cancel: (() => void) | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  /** @param bodyOf reads the body of a message again; undefined if the message is gone */
  constructor(
    clock: Clock,
    deliver: (message: StoredMessage) => void,
    bodyOf: (id: number) => string | undefined = () => undefined,
  ) {
    this.#bodyOf = bodyOf;
    this.#clock = clock;
    this.#deliver = deliver;
  }

  add(given: StoredMessage): void {
    const message = given.due - this.#clock.now() > farMs ? { ...given, body: noBody } : given;
    if (message.tag !== null) this.#tagged.set(key(message.target, message.tag), message);
    this.#heap.push(message);
    this.#up(this.#heap.length - 1);
    this.#arm();
  }

  withdraw(target: string, tag: string): void {
    const message = this.#tagged.get(key(target, tag));
    if (message === undefined) return;
    this.#tagged.delete(key(target, tag));
    this.#withdrawn.add(message);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#heap.length = 0;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || first.due >= this.#armedFor) return;
    this.#cancel?.();
    this.#armedFor = first.due;
    this.#cancel = this.#clock.at(first.due, () => this.#fire());
  }

  #fire(): void {
    this.#cancel = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    while (this.#heap.length > 0 && this.#heap[0]!.due <= now) {
      const message = this.#pop();
      if (this.#withdrawn.delete(message)) continue;
      if (message.tag !== null) this.#tagged.delete(key(message.target, message.tag));
      const body = message.body === noBody ? this.#bodyOf(message.id) : message.body;
      if (body !== undefined) this.#deliver({ ...message, body });
    }
    this.#arm();
  }

  #pop(): StoredMessage {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.#down(0);
    }
    return first;
  }

  #up(start: number): void {
    const heap = this.#heap;
    let index = start;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!before(heap[index]!, heap[above]!)) return;
      [heap[index], heap[above]] = [heap[above]!, heap[index]!];
      index = above;
    }
  }

  #down(start: number): void {
    const heap = this.#heap;
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      let least = index;
      if (left < heap.length && before(heap[left]!, heap[least]!)) least = left;
      if (left + 1 < heap.length && before(heap[left + 1]!, heap[least]!)) least = left + 1;
      if (least === index) return;
      [heap[index], heap[least]] = [heap[least]!, heap[index]!];
      index = least;
    }
  }
}

function before(a: StoredMessage, b: StoredMessage): boolean {
  return a.due < b.due || (a.due === b.due && a.id < b.id);
}

function key(target: string, tag: string): string {
  return `${tag}\n${target}`;
}
