/** The engine refuses what the orchestrator asks for: it contradicts the history, or passes a limit. */
export class ReplayError extends Error {
  override name = 'ReplayError';
  readonly code:
    | 'nonDeterministic'
    | 'unreachableAction'
    | 'unsupportedAction'
    | 'tooManyActions'
    | 'customStatusTooLarge'
    | 'versionMismatch';

  constructor(code: ReplayError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
