interface DisposableLike {
  dispose(): unknown;
}

/** The `Disposable` of the core module: undoes a registration, once. */
export class Disposable {
  #undo: (() => unknown) | undefined;

  constructor(undo: () => unknown) {
    this.#undo = undo;
  }

  /** One disposable for several; the members may be anything with a `dispose` method. */
  static from(...members: DisposableLike[]): Disposable {
    return new Disposable(() => {
      for (const member of members) {
        member.dispose();
      }
    });
  }

  dispose(): unknown {
    const undo = this.#undo;
    this.#undo = undefined;
    return undo?.();
  }
}
