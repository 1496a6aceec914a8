import { isIP } from 'node:net';

/**
 * Whether a server that listens there is reached from this machine only. A name other than localhost counts as reachable
 * from elsewhere, whatever it stands for.
 *
 * @param host as given to listen; undefined is the default, the loopback addresses
 */
export function isLoopbackBind(host: string | undefined): boolean {
  return (
    host === undefined ||
    host.toLowerCase() === 'localhost' ||
    host === '::1' ||
    (isIP(host) === 4 && /^127\./.test(host))
  );
}
