/**
 * All that the Redis store needs of a client. One of node-redis has it as it is; for ioredis use {@link ioredisClient}.
 * Replies are those of the protocol: texts, numbers and lists.
 */
export interface RedisCommands {
  sendCommand(args: string[]): Promise<unknown>;
}

/** An ioredis client (or anything else with `call`) as the Redis store takes it. */
export function ioredisClient(client: { call(command: string, ...args: string[]): Promise<unknown> }): RedisCommands {
  return { sendCommand: ([command = '', ...args]) => client.call(command, ...args) };
}
