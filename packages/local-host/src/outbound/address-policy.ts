import { BlockList, isIP } from 'node:net';

/** Places that code on this machine can reach and the internet cannot: nothing there is called unless it is allowed. */
const inside = new BlockList();
for (const [address, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  inside.addSubnet(address, prefix, 'ipv4');
}
for (const [address, prefix] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  inside.addSubnet(address, prefix, 'ipv6');
}

/** Which hosts may be called though they are on this machine or its network. */
export class AddressPolicy {
  readonly #allowed: ReadonlySet<string>;

  /** @param list comma-separated host names or addresses, each with an optional port, or `*` for all */
  constructor(list = '') {
    const entries = list.split(',').map((entry) => entry.trim().toLowerCase());
    this.#allowed = new Set(entries.filter((entry) => entry !== ''));
  }

  /** Whether the list names the host of a URL, so that its address is not looked at. */
  isListed(url: URL): boolean {
    const host = bare(url.hostname);
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    return ['*', host, `${host}:${port}`, url.host.toLowerCase()].some((entry) => this.#allowed.has(entry));
  }

  /** Whether an address is a place that has to be listed. */
  static isInside(address: string): boolean {
    const family = isIP(address);
    if (family === 0) return true;
    if (family === 4) return inside.check(address, 'ipv4');
    const mapped = embeddedIpv4(address);
    return mapped === undefined ? inside.check(address, 'ipv6') : inside.check(mapped, 'ipv4');
  }
}

/** A host name as the URL has it, without the brackets of an IPv6 address. */
export function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

/** The IPv4 address inside `::ffff:a.b.c.d`, in whatever spelling. */
function embeddedIpv4(address: string): string | undefined {
  const normal = bare(new URL(`http://[${address.split('%')[0]}]/`).hostname);
  const match = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(normal);
  if (match === null) return undefined;
  const [high, low] = [Number.parseInt(match[1]!, 16), Number.parseInt(match[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
