import { httpPoll } from './http-call.ts';
import type { StepBook } from './step-book.ts';
import { allDone, retryDelay, type TaskEnd, type TaskNode } from './task-tree.ts';
import { nextPiece } from './timer-limits.ts';

/**
 * Carries the end of a task to what it is part of. Some parents go on by themselves and take ids for it at once,
 * before the orchestrator hears of anything (Q3): retries, polled HTTP calls, long timers.
 */
export class TaskEnds {
  readonly #book: StepBook;
  /** Time of the current episode, epoch ms. */
  now = 0;

  constructor(book: StepBook) {
    this.#book = book;
  }

  end(node: TaskNode, end: TaskEnd): void {
    node.state = end.ok ? 'done' : 'failed';
    const { parent } = node;
    if (parent === undefined || parent.state !== 'pending') return;
    switch (parent.kind) {
      case 'any':
        this.end(parent, { ok: true });
        return;
      case 'all':
        if (end.ok) parent.done++;
        if (!end.ok) this.end(parent, end);
        else if (allDone(parent)) this.end(parent, end);
        return;
      case 'retry':
        this.#retry(parent, end);
        return;
      case 'poll':
        this.#poll(parent, node, end);
        return;
      case 'longTimer':
        this.#longTimer(parent, end);
        return;
      default:
        return;
    }
  }

  /** One attempt of a call with retry. */
  attempt(node: TaskNode): void {
    const progress = node.retry!;
    const child = this.#book.call(progress.action, node);
    node.children.push(child);
    if (progress.spent !== undefined) this.#book.spent.set(child.id!, progress.spent);
  }

  #retry(node: TaskNode, end: TaskEnd): void {
    const progress = node.retry!;
    if (progress.waiting) {
      progress.waiting = false;
      if (progress.attempt > progress.options.maxNumberOfAttempts) this.end(node, { ok: false });
      else this.attempt(node);
    } else if (end.ok) {
      this.end(node, end);
    } else {
      const { maxNumberOfAttempts, retryTimeoutInMilliseconds: timeout } = progress.options;
      const failure = end.failure ?? { reason: '', details: '' };
      if (timeout !== undefined && this.now - progress.startedAt > timeout) progress.spent ??= failure;
      const last = progress.attempt >= maxNumberOfAttempts || progress.spent !== undefined;
      const delay = last ? 0 : retryDelay(progress.options, progress.attempt);
      progress.attempt++;
      progress.waiting = true;
      node.children.push(this.#book.timer(this.now + delay, node));
    }
  }

  /** An answer "202, ask again there" takes the ids of the pause and of the next request together, as the SDK does. */
  #poll(node: TaskNode, child: TaskNode, end: TaskEnd): void {
    if (child.kind === 'timer') return;
    const next = end.ok ? httpPoll(node.poll!, end.result ?? 'null', this.now) : undefined;
    if (next === undefined) {
      this.end(node, end);
      return;
    }
    node.poll = next.action;
    node.children.push(this.#book.timer(next.at, node));
    const request = this.#book.call(next.action, node);
    this.#book.notBefore.set(request.id!, next.at);
    node.children.push(request);
  }

  #longTimer(node: TaskNode, end: TaskEnd): void {
    const final = node.fireAt!;
    if (final > this.now) node.children.push(this.#book.timer(nextPiece(final, this.now), node, node.cancelable));
    else this.end(node, end);
  }
}
