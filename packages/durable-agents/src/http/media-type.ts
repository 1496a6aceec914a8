import type { ReplyKind } from './reply.ts';

/** How the body of a request is read. */
export type BodyKind = 'json' | 'text' | 'unsupported';

/** `application/json` and any `+json`, in any case and with any parameters, is JSON; `text/plain` or nothing is text. */
export function bodyKind(contentType: string | null): BodyKind {
  const type = mediaType(contentType ?? '');
  if (isJson(type)) return 'json';
  return type === '' || type === 'text/plain' ? 'text' : 'unsupported';
}

/** JSON if the caller sent or accepts JSON, else text; but text too if the caller accepts text/plain and no JSON. */
export function replyKind(contentType: string | null, accept: string | null): ReplyKind {
  const accepted = (accept ?? '').split(',').filter(isWanted).map(mediaType);
  if (accepted.some(isJson)) return 'json';
  if (accepted.includes('text/plain')) return 'text';
  return bodyKind(contentType) === 'json' ? 'json' : 'text';
}

function mediaType(value: string): string {
  return (value.split(';', 1)[0] ?? '').trim().toLowerCase();
}

function isJson(type: string): boolean {
  return type === 'application/json' || /^[^/\s]+\/[^/\s]+\+json$/.test(type);
}

/** A weight of zero excludes a type. */
function isWanted(range: string): boolean {
  return !/;\s*q\s*=\s*0(\.0*)?\s*(;|$)/i.test(range);
}
