import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { loadApp } from '../../src/functions/app-loader.ts';
import { FunctionsHttpServer } from '../../src/functions/http-server.ts';
import { createAppFolder } from './fixtures/app-folder.ts';

const LIMIT = 200_000;

const APP = `
import { app } from '@azure/functions';
globalThis.formRuns = 0;
app.http('form', {
  methods: ['POST'],
  handler: async (request) => {
    globalThis.formRuns++;
    const fields = [];
    for (const [name, value] of await request.formData()) {
      if (typeof value === 'string') fields.push([name, value]);
      else fields.push([name, value.name, value.type, Buffer.from(await value.arrayBuffer()).toString('base64')]);
    }
    return { jsonBody: fields };
  },
});
app.http('read', { methods: ['GET'], handler: () => ({ body: 'read' }) });
app.http('both', {
  methods: ['GET', 'HEAD'],
  handler: (request) => ({ headers: { 'x-method': request.method }, body: 'a body' }),
});
app.http('options', { methods: ['OPTIONS'], handler: () => ({ status: 200, headers: { allow: 'OPTIONS' }, body: 'mine' }) });
`;

const server = new FunctionsHttpServer({ port: 0, maxBodyBytes: LIMIT, cors: { origins: ['https://pages.example'] } });
const { url } = await server.listen();
after(() => server.stop(0));
server.serve(
  await loadApp({
    appDirectory: createAppFolder({ 'package.json': { type: 'module', main: 'app.js' }, 'app.js': APP }),
  }),
);

async function send(body: FormData | URLSearchParams): Promise<unknown> {
  const response = await fetch(`${url}/api/form`, { method: 'POST', body });
  assert.equal(response.status, 200);
  return await response.json();
}

test('an urlencoded form arrives field by field, repeated names and non-ASCII text too', async () => {
  const fields: [string, string][] = [
    ['name', 'Zażółć & co = ?'],
    ['tag', 'one'],
    ['tag', 'two'],
    ['empty', ''],
  ];
  assert.deepEqual(await send(new URLSearchParams(fields)), fields);
});

test('a multipart form arrives with its files, byte for byte', async () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7) % 256);
  const form = new FormData();
  form.append('title', 'Łódź\r\n--not a boundary');
  form.append('file', new File([bytes], 'zdjęcie 1.bin', { type: 'application/x-test' }));
  form.append('file', new File([], 'empty.txt', { type: 'text/plain' }));
  assert.deepEqual(await send(form), [
    ['title', 'Łódź\r\n--not a boundary'],
    ['file', 'zdjęcie 1.bin', 'application/x-test', Buffer.from(bytes).toString('base64')],
    ['file', 'empty.txt', 'text/plain', ''],
  ]);
});

test('a form over the limit is answered 413 and runs no function', async () => {
  const { formRuns } = globalThis as unknown as { formRuns: number };
  const form = new FormData();
  form.append('file', new File([new Uint8Array(LIMIT)], 'large.bin'));
  const response = await fetch(`${url}/api/form`, { method: 'POST', body: form });
  assert.equal(response.status, 413);
  assert.equal((globalThis as unknown as { formRuns: number }).formRuns, formRuns);
});

test('what is no form is a failure of the function that reads it as one', async () => {
  const headers = { 'content-type': 'multipart/form-data; boundary=x' };
  const response = await fetch(`${url}/api/form`, { method: 'POST', body: 'no form', headers });
  assert.deepEqual([response.status, await response.text()], [500, '']);
});

test('HEAD is a method like any other: it has to be listed, and gets headers without a body', async () => {
  const unlisted = await fetch(`${url}/api/read`, { method: 'HEAD' });
  assert.deepEqual([unlisted.status, await unlisted.text()], [404, '']);
  const listed = await fetch(`${url}/api/both`, { method: 'HEAD' });
  assert.deepEqual([listed.status, await listed.text()], [200, '']);
  assert.equal(listed.headers.get('x-method'), 'HEAD');
  assert.equal(listed.headers.get('content-length'), '6');
});

test('OPTIONS reaches a function that lists it, and is not found elsewhere', async () => {
  const own = await fetch(`${url}/api/options`, { method: 'OPTIONS' });
  assert.deepEqual([own.status, own.headers.get('allow'), await own.text()], [200, 'OPTIONS', 'mine']);
  const other = await fetch(`${url}/api/read`, { method: 'OPTIONS' });
  assert.deepEqual([other.status, await other.text()], [404, '']);
});

test("a listed page's preflight is answered by the host, also where a function lists OPTIONS", async () => {
  for (const path of ['options', 'read', 'unknown']) {
    const response = await fetch(`${url}/api/${path}`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://pages.example',
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'x-own',
      },
    });
    assert.deepEqual([response.status, await response.text()], [204, ''], path);
    assert.equal(response.headers.get('access-control-allow-methods'), 'PUT');
    assert.equal(response.headers.get('access-control-allow-headers'), 'x-own');
  }
});
