/** A replay asked for something else than the history records, or in an order the engine cannot follow. */
export class ReplayError extends Error {
  override name = 'ReplayError';
  readonly code: 'nonDeterministic' | 'unreachableAction' | 'unsupportedAction';

  constructor(code: ReplayError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
