import type { StoredMessage } from '../store/store.ts';

/** A decoder of message bodies that does its work once a message: queues are looked through before they are worked on. */
export function decodeOnce<T extends object>(decode: (body: string) => T): (message: StoredMessage) => T {
  const decoded = new WeakMap<StoredMessage, T>();
  return (message) => {
    let value = decoded.get(message);
    if (value === undefined) {
      value = decode(message.body);
      decoded.set(message, value);
    }
    return value;
  };
}
