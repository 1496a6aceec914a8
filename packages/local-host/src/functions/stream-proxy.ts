import { Server, type Socket } from 'node:net';

/**
 * The server that the library opens when an app turns HTTP streaming on. It offers no way to close it and listens on all
 * interfaces; while `open` runs, such a bare `listen(callback)` is bound to the loopback address and remembered.
 */
export class StreamProxies {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  async whileOpening<T>(open: () => Promise<T>): Promise<T> {
    const original = Server.prototype.listen;
    const listenAnywhere = original as (this: Server, ...args: unknown[]) => Server;
    const remember = (server: Server): void => this.#remember(server);
    Server.prototype.listen = function listen(this: Server, ...args: unknown[]): Server {
      const [callback] = args;
      if (args.length === 1 && typeof callback === 'function') {
        remember(this);
        return listenAnywhere.call(this, 0, '127.0.0.1', callback);
      }
      return listenAnywhere.apply(this, args);
    } as typeof original;
    try {
      return await open();
    } finally {
      Server.prototype.listen = original;
    }
  }

  close(): void {
    for (const server of this.#servers) {
      server.close();
    }
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  #remember(server: Server): void {
    this.#servers.push(server);
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }
}
