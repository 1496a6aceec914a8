import type { HttpExchange } from '../functions/http-exchange.ts';
import { sendResponse } from '../functions/http-response.ts';
import type { Logger } from '../log.ts';
import { type Access, opens } from './access.ts';
import type { KeyStore } from './key-store.ts';

const HEADER = 'x-functions-key';
const QUERY = 'code';

/** Lets through the requests that show a key for what they ask, as the real host does. */
export class KeyGuard {
  readonly #store: KeyStore;
  readonly #logger: Logger;

  constructor(store: KeyStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /**
   * Answers a request that may not go on, with an empty body; the reason is only in the log.
   *
   * @param wrongKeyStatus for a key that is known but opens something else. Default 403, the real host's answer for its own
   *   pages and the webhooks; its functions answer 401
   * @returns whether it answered
   * @throws KeyError when the keys cannot be read
   */
  refuses(exchange: HttpExchange, access: Access, wrongKeyStatus: 401 | 403 = 403): boolean {
    if (access.kind === 'open') {
      return false;
    }
    const value = presentedKey(exchange);
    const keys = value ? this.#store.ring.matching(value) : [];
    if (keys.some((key) => opens(key, access))) {
      return false;
    }
    // Of a function's keys only that function knows.
    const isKnown = keys.some(({ kind }) => kind !== 'function');
    const reason = !value ? 'no key was given' : isKnown ? 'the key does not open this' : 'the key is not known here';
    this.#logger.info(`${exchange.method} ${exchange.url.pathname} was refused: ${reason}.`);
    sendResponse(exchange.response, { status: isKnown ? wrongKeyStatus : 401 });
    return true;
  }
}

/** The header wins even when it is empty. */
function presentedKey({ request, url }: HttpExchange): string | undefined {
  const header = request.headers[HEADER];
  if (header !== undefined) {
    return String(header);
  }
  for (const [name, value] of url.searchParams) {
    if (name.toLowerCase() === QUERY) {
      return value;
    }
  }
  return undefined;
}
