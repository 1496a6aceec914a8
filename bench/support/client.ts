import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

export interface Reply {
  status: number;
  body: string;
}

/** One request on a kept connection. */
export function call(method: 'GET' | 'POST', url: string, body = ''): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers =
      body === '' ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.once('error', reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** As `call`; another status than the expected one is an error. */
export async function expect(status: number, method: 'GET' | 'POST', url: string, body?: string): Promise<Reply> {
  const reply = await call(method, url, body);
  if (reply.status !== status) throw new Error(`${method} ${url} was answered ${reply.status}: ${reply.body}`);
  return reply;
}

export function closeConnections(): void {
  agent.destroy();
}
