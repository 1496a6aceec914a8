import { HostError } from './host-error.ts';
import type { HttpCookie } from './typed-data.ts';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const SAME_SITE = { none: undefined, lax: 'lax', strict: 'strict', explicitNone: 'none' } as const;

/**
 * The `Set-Cookie` line for a cookie: the value percent-encoded, the path `/` unless given, attributes as ASP.NET writes
 * them.
 *
 * @throws HostError `invalidCookie` for a name, domain or path that could forge an attribute or a header
 */
export function setCookieLine(cookie: HttpCookie): string {
  const name = cookie.name ?? '';
  if (!TOKEN.test(name)) {
    throw new HostError('invalidCookie', `"${name}" is not a cookie name.`, 'Use letters, digits and -_. only.');
  }
  const expires = cookie.expires?.value?.seconds;
  const maxAge = cookie.maxAge?.value;
  const domain = cookie.domain?.value;
  const sameSite = SAME_SITE[cookie.sameSite ?? 'none'];
  return [
    `${name}=${encodeURIComponent(cookie.value ?? '')}`,
    expires !== undefined && `expires=${new Date(expires * 1000).toUTCString()}`,
    maxAge !== undefined && `max-age=${Math.trunc(maxAge)}`,
    domain && `domain=${attribute(name, domain)}`,
    `path=${attribute(name, cookie.path?.value || '/')}`,
    cookie.secure?.value && 'secure',
    sameSite && `samesite=${sameSite}`,
    cookie.httpOnly?.value && 'httponly',
  ]
    .filter(Boolean)
    .join('; ');
}

function attribute(name: string, value: string): string {
  if (/[^\x20-\x7e]|;/.test(value)) {
    throw new HostError(
      'invalidCookie',
      `The domain or path of the cookie "${name}" has a character that is not allowed.`,
      'Use printable ASCII without semicolons.',
    );
  }
  return value;
}
