import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

export interface GuardOptions {
  /** Host names to accept besides this machine's own, without port. */
  readonly allowedHosts: readonly string[];
  /** Whether the server is reachable on loopback addresses only. If not, a literal IP address is a good host too. */
  readonly loopbackOnly: boolean;
  /** Whether pages of this origin may call. */
  readonly isAllowedOrigin: (origin: string) => boolean;
}

/**
 * Why a request is refused before any work, or `undefined`. A local server has no password; what protects it from the
 * pages in the developer's browser is that they can forge neither the Host header (DNS rebinding) nor the Origin.
 */
export function refusalFor(headers: IncomingHttpHeaders, options: GuardOptions): string | undefined {
  const host = headers.host ?? '';
  if (!isAllowedHost(host, options)) {
    return 'Host not allowed. Call this host as localhost, or allow the name: --allow-host NAME.';
  }
  const { origin } = headers;
  if (origin !== undefined) {
    return isOwnOrigin(origin, host) || options.isAllowedOrigin(origin)
      ? undefined
      : 'Origin not allowed. List it in local.settings.json under Host.CORS.';
  }
  // Browsers leave the Origin out of plain cross-site GETs (images, scripts). A link that is followed is no such request.
  const isForeignFetch = headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate';
  return isForeignFetch ? 'Cross-site request refused.' : undefined;
}

function isAllowedHost(header: string, options: GuardOptions): boolean {
  const name = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\]+)(?::\d{1,5})?$/i.exec(header)?.[1]?.toLowerCase();
  if (name === undefined) {
    return false;
  }
  return (
    name === 'localhost' ||
    name === '127.0.0.1' ||
    name === '[::1]' ||
    name.endsWith('.localhost') ||
    options.allowedHosts.some((allowed) => allowed.toLowerCase() === name) ||
    (!options.loopbackOnly && isIP(name.replace(/^\[|\]$/g, '')) !== 0)
  );
}

function isOwnOrigin(origin: string, host: string): boolean {
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    return false;
  }
  const own = `${url.protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === url.host;
}
