/** Values as they cross between host and worker. At most one field is set; none means "no value". */
export interface TypedData {
  string?: string | null;
  json?: string | null;
  bytes?: Uint8Array | null;
  stream?: Uint8Array | null;
  http?: HttpData | null;
  int?: number | null;
  double?: number | null;
}

/** A value that tells "absent" from "empty". */
export interface Nullable<T> {
  value?: T;
}

/** An HTTP request on its way in or a response on its way out. */
export interface HttpData {
  method?: string;
  /** Absolute. */
  url?: string;
  nullableHeaders?: Record<string, Nullable<string>>;
  nullableQuery?: Record<string, Nullable<string>>;
  nullableParams?: Record<string, Nullable<string>>;
  body?: TypedData | null;
  statusCode?: string;
  headers?: Record<string, string>;
  cookies?: HttpCookie[];
  enableContentNegotiation?: boolean;
}

export interface HttpCookie {
  name?: string;
  value?: string;
  domain?: Nullable<string>;
  path?: Nullable<string>;
  /** Seconds since 1970. */
  expires?: Nullable<{ seconds?: number }>;
  secure?: Nullable<boolean>;
  httpOnly?: Nullable<boolean>;
  /** `none` means "not set"; `explicitNone` is the attribute value None. */
  sameSite?: 'none' | 'lax' | 'strict' | 'explicitNone';
  /** Seconds. */
  maxAge?: Nullable<number>;
}

/** The bytes of a value as an HTTP body; `undefined` when there is none. */
export function toBytes(data: TypedData | null | undefined): Uint8Array | undefined {
  if (!data) {
    return undefined;
  }
  const binary = data.bytes ?? data.stream;
  if (binary) {
    return binary;
  }
  const text = data.string ?? data.json ?? data.int ?? data.double;
  return text === undefined || text === null ? undefined : Buffer.from(String(text));
}
