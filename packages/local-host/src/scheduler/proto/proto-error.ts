/** A message of the other side cannot be used; the text says which and why. */
export class ProtoError extends Error {
  override name = 'ProtoError';
  readonly code: 'malformedMessage' | 'unknownEvent' | 'unknownAction' | 'unexpectedResponse';

  constructor(code: ProtoError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
