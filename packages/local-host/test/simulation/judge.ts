/** A broken promise of the engine, with its name from the list of invariants (W1–W12, H1). */
export class Violation extends Error {
  override name = 'Violation';
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

/**
 * Keeps the first violation. It is kept and not thrown where it is seen, since that is often inside a call from the
 * hub, which would take the exception for a failing store or function.
 */
export class Judge {
  first: Violation | undefined;

  fail(invariant: string, message: string): void {
    this.first ??= new Violation(invariant, message);
  }

  require(holds: boolean, invariant: string, message: () => string): void {
    if (!holds) this.fail(invariant, message());
  }
}

/** Rare states that were reached, and how often, over all runs. */
export class Markers {
  readonly counts = new Map<string, number>();

  sometimes(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
}
