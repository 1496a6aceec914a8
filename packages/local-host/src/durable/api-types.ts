/** A request to the durable HTTP API. */
export interface ApiRequest {
  method: string;
  /** Decoded parts of the path below the base. */
  segments: string[];
  query: URLSearchParams;
  contentType: string | undefined;
  /** Value of `x-ms-continuation-token`. */
  continuation: string | undefined;
  /** Origin that the caller used, for links; undefined for that of the settings. */
  origin?: string | undefined;
  body: string;
}

export interface ApiReply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export function jsonReply(status: number, value: unknown, headers: Record<string, string> = {}): ApiReply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  };
}

export function emptyReply(status: number, headers: Record<string, string> = {}): ApiReply {
  return { status, headers, body: '' };
}

/** The error body of the Durable extension. */
export function errorReply(status: number, message: string): ApiReply {
  return jsonReply(status, {
    Message:
      status < 500
        ? 'One or more of the arguments submitted is incorrect'
        : 'Something went wrong while processing your request',
    ExceptionMessage: message,
    ExceptionType: status < 500 ? 'System.ArgumentException' : 'System.InvalidOperationException',
    StackTrace: '',
  });
}
