import type { ResetEvent, TurnEnd, TurnEvent } from './turn-event.ts';

/**
 * What a reader knows of a turn. Give it the events in the order they came; it leaves out what is void: the writing of
 * attempts that were begun again, and what comes twice.
 */
export class TurnView {
  #events: TurnEvent[] = [];
  readonly #seen = new Set<string>();
  /** The attempts below which what a step wrote is void. */
  readonly #floors = new Map<string, number>();

  add(event: TurnEvent | ResetEvent): void {
    if (event.type === 'reset') {
      this.#events = [];
      this.#seen.clear();
      this.#floors.clear();
      return;
    }
    const { step, attempt, sequence } = event;
    if (attempt < (this.#floors.get('turn') ?? 0) || attempt < (this.#floors.get(step) ?? 0)) return;
    const name = `${attempt}/${sequence}`;
    if (this.#seen.has(name)) return;
    this.#seen.add(name);
    if (event.type === 'attempt') {
      this.#floors.set(step, attempt);
      this.#events = step === 'turn' ? [] : this.#events.filter((earlier) => earlier.step !== step);
      return;
    }
    this.#events.push(event);
  }

  /** The events that count. */
  get events(): readonly TurnEvent[] {
    return this.#events;
  }

  /** The text so far of the model call that is or was the last one; once the turn has ended, its answer. */
  get text(): string {
    const { end } = this;
    if (end?.outcome === 'completed') return end.text;
    const step = this.#events.findLast(({ type }) => type === 'textDelta')?.step;
    return this.#events.map((event) => (event.type === 'textDelta' && event.step === step ? event.text : '')).join('');
  }

  /** How the turn ended, once it has. */
  get end(): TurnEnd | undefined {
    return this.#events.findLast((event) => event.type === 'done');
  }
}
