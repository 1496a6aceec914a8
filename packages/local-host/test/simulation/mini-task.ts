import type { Action } from '../../src/engine/actions.ts';
import type { Task } from './interpret.ts';

/** What a task needs of the runtime when it goes on with another piece: a pause, a further attempt. */
export interface Follow {
  /** Epoch ms. */
  readonly now: number;
  /** Gives the next piece an id. */
  track(next: MiniTask): void;
}

/** A task of the small runtime. */
export class MiniTask implements Task {
  readonly kind: 'step' | 'event' | 'all' | 'any' | 'retry' | 'longTimer';
  readonly action: Action | undefined;
  readonly children: MiniTask[];
  parent: MiniTask | undefined;
  state: 'open' | 'done' | 'failed' = 'open';
  result: unknown;
  id: number | undefined;
  listed = false;
  /** For retries: how many attempts are left, and the failure of the last one while its pause lasts. */
  left = 0;
  pausedWith: unknown;
  paused = false;

  constructor(kind: MiniTask['kind'], action: Action | undefined, children: MiniTask[] = []) {
    this.kind = kind;
    this.action = action;
    this.children = children;
    for (const child of children) child.parent = this;
  }

  get isCompleted(): boolean {
    return this.state === 'done';
  }

  get isFaulted(): boolean {
    return this.state === 'failed';
  }

  cancel(): void {
    if (this.action?.actionType !== 5) throw new Error('Only a timer can be cancelled.');
    if (this.state !== 'open') throw new Error('The timer has fired already.');
    this.action.isCanceled = true;
  }

  end(ok: boolean, value: unknown, follow: Follow): void {
    this.state = ok ? 'done' : 'failed';
    this.result = value;
    this.parent?.childEnded(this, follow);
  }

  childEnded(child: MiniTask, follow: Follow): void {
    if (this.kind === 'retry') this.#attemptEnded(child, follow);
    else if (this.kind === 'longTimer') this.#pieceEnded(follow);
    else if (this.state !== 'open') return;
    else if (this.kind === 'any') this.end(true, child, follow);
    else if (child.isFaulted) this.end(false, child.result, follow);
    else if (this.children.every((other) => other.isCompleted)) {
      this.end(
        true,
        this.children.map((other) => other.result),
        follow,
      );
    }
  }

  #pieceEnded(follow: Follow): void {
    const { fireAt } = this.action as { fireAt: Date };
    if (fireAt.getTime() > follow.now) follow.track(this.#next(this.action));
    else this.end(true, undefined, follow);
  }

  #attemptEnded(child: MiniTask, follow: Follow): void {
    if (this.paused) {
      this.paused = false;
      if (this.left === 0) this.end(false, this.pausedWith, follow);
      else follow.track(this.#next(undefined));
    } else if (child.isCompleted) {
      this.end(true, child.result, follow);
    } else {
      this.paused = true;
      this.pausedWith = child.result;
      this.left--;
      follow.track(this.#next(undefined));
    }
  }

  #next(action: Action | undefined): MiniTask {
    const next = new MiniTask('step', action);
    next.parent = this;
    return next;
  }
}
