import { createServer, type Server } from 'node:net';
import { toListenError } from './listen-error.ts';

/** Both names of this machine for itself; a browser may try either for "localhost". */
const LOOPBACK = ['127.0.0.1', '::1'] as const;
const NO_SUCH_ADDRESS = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);
const ATTEMPTS = 20;

export interface Listening<S extends Server> {
  readonly servers: readonly S[];
  readonly addresses: readonly string[];
  readonly port: number;
}

/**
 * Listens on one address, or by default on 127.0.0.1 and, where the machine has it, on ::1, with the same port.
 *
 * @param port 0 takes a free one
 * @throws ListenError `portInUse`, `portDenied`, `cannotListen`
 */
export async function listen<S extends Server>(
  create: () => S,
  port: number,
  host: string | undefined,
): Promise<Listening<S>> {
  const [first, ...others] = host === undefined ? LOOPBACK : [host];
  // A free port on one address may be taken on the other; then another one is tried.
  for (let attempt = 1; ; attempt++) {
    const servers: S[] = [];
    try {
      servers.push(await listenOn(create(), port, first as string));
      const actual = portOf(servers[0] as S);
      const addresses = [first as string];
      for (const address of others) {
        const server = await listenOn(create(), actual, address).catch(unlessNoSuchAddress);
        if (server) {
          servers.push(server);
          addresses.push(address);
        }
      }
      return { servers, addresses, port: actual };
    } catch (error) {
      for (const server of servers) {
        server.close();
      }
      const failure = error as NodeJS.ErrnoException;
      if (failure.code !== 'EADDRINUSE' || port !== 0 || attempt === ATTEMPTS) {
        const free = failure.code === 'EADDRINUSE' ? await nextFreePort(port, first as string) : undefined;
        throw toListenError(failure, host ?? 'localhost', port, free);
      }
    }
  }
}

async function listenOn<S extends Server>(server: S, port: number, host: string): Promise<S> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, ipv6Only: host === '::1' }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return server;
}

function unlessNoSuchAddress(error: NodeJS.ErrnoException): undefined {
  if (!NO_SUCH_ADDRESS.has(error.code ?? '')) {
    throw error;
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

async function nextFreePort(port: number, host: string): Promise<number | undefined> {
  for (let candidate = port + 1; candidate <= Math.min(port + ATTEMPTS, 65535); candidate++) {
    const probe = await listenOn(createServer(), candidate, host).catch(() => undefined);
    if (probe) {
      await new Promise((resolve) => probe.close(resolve));
      return candidate;
    }
  }
  return undefined;
}
