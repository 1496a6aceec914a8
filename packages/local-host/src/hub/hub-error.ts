/** A request to the hub that cannot be met. Nothing was changed. */
export class HubError extends Error {
  override name = 'HubError';
  readonly code:
    | 'hostStopping'
    | 'unknownFunction'
    | 'instanceExists'
    | 'instanceNotFound'
    | 'instanceEnded'
    | 'instanceNotFailed';

  constructor(code: HubError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
