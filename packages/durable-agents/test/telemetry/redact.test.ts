import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRedactor, namesSecret, redact, secretsOf } from '../../src/redact.ts';

const canary = 'Canary0123456789abcdefCanary';
const storageKey = `${'Canary'.repeat(14)}AB==`;

/** Each holds a secret with "canary" in it. */
const secrets: Record<string, string> = {
  'OpenAI key': `Incorrect API key provided: sk-proj-${canary}.`,
  'bearer token': `Authorization: Bearer ${canary}`,
  'basic credentials': `authorization: Basic ${canary}==`,
  'bearer in a sentence': `got 401 for bearer ${canary} at noon`,
  'Functions key in a URL': `GET https://app.example/api/agents/joker/run?code=${canary}&x=1`,
  'SAS in a URL': `https://store.example/c/b?sv=2024&sig=${canary}%3D&se=1`,
  'Functions key in a header': `x-functions-key: ${canary}`,
  'api-key header': `api-key: ${canary}`,
  'storage connection string': `DefaultEndpointsProtocol=https;AccountName=me;AccountKey=${storageKey};EndpointSuffix=core`,
  'bare storage key': `the key ${storageKey} is wrong`,
  'service bus': `Endpoint=sb://x.example/;SharedAccessKeyName=root;SharedAccessKey=${canary}=`,
  'database password': `Server=db;User Id=me;Password=${canary};Encrypt=true`,
  'user in a URL': `redis://default:${canary}@cache.example:6380/0`,
  JSON: `{"apiKey":"${canary}","model":"gpt"}`,
  'JSON in JSON': JSON.stringify(JSON.stringify({ client_secret: canary, a: 1 })),
  'spaced JSON': `{ "password" : "${canary} with blanks" }`,
  environment: `OPENAI_API_KEY=${canary} node app.js`,
  cookie: `Cookie: session=${canary}; other=${canary}`,
  'set-cookie': `set-cookie: id=${canary}; HttpOnly`,
  JWT: `token eyJhbGciOiJub25lIn0.eyJjYW5hcnkiOiJjYW5hcnkifQ.${canary}`,
  GitHub: `ghp_${canary}${canary}`,
  PEM: `-----BEGIN RSA PRIVATE KEY-----\n${canary}\n${canary}\n-----END RSA PRIVATE KEY-----`,
  'quoted assignment': `password = "${canary}"`,
};

describe('redaction', () => {
  for (const [name, text] of Object.entries(secrets)) {
    it(`masks: ${name}`, () => {
      const masked = redact(text);
      assert.doesNotMatch(masked, /canary|Y2FuYXJ5/i, masked);
      assert.match(masked, /\*\*\*/);
      assert.equal(redact(masked), masked, 'masking again changes nothing');
    });
  }

  it('leaves what is around a secret', () => {
    assert.equal(
      redact(secrets['storage connection string']!),
      'DefaultEndpointsProtocol=https;AccountName=me;AccountKey=***;EndpointSuffix=core',
    );
    assert.equal(
      redact(secrets['Functions key in a URL']!),
      'GET https://app.example/api/agents/joker/run?code=***&x=1',
    );
    assert.equal(redact(secrets.JSON!), '{"apiKey":"***","model":"gpt"}');
    assert.equal(redact(secrets['user in a URL']!), 'redis://***@cache.example:6380/0');
  });

  it('leaves ordinary text, ids and numbers alone', () => {
    for (const text of [
      'The agent "Joker" used 41 tokens in 3 turns.',
      'correlation 7f1c0e6a4a3d4f0e9b0f0c7a5d2e8b11, session @dafx-joker@trip-9',
      'https://app.example/api/agents/joker/run?sessionId=s&wait=true',
      'code: modelTimeout, status=500',
      'See https://example.com/keys@home and mail me@example.com',
      '{"maxTokens":100,"tokens":5}',
    ]) {
      assert.equal(redact(text), text);
    }
  });

  it('masks given values wherever they stand, the longest first', () => {
    const masker = createRedactor(['plainword-one', 'plainword-one-and-more', 'short']);
    assert.equal(masker('a plainword-one-and-more b plainword-one c short'), 'a *** b *** c short');
  });

  it('finds the secrets among settings by their names', () => {
    const settings = {
      OPENAI_API_KEY: 'a',
      AzureWebJobsStorage: 'b',
      DB_PASSWORD: 'c',
      MY_CONNECTION_STRING: 'd',
      OPENAI_MODEL: 'e',
      PATH: 'f',
      PWD: 'g',
      DB_PWD: 'h',
    };
    assert.deepEqual(secretsOf(settings), ['a', 'b', 'c', 'd', 'h']);
  });

  it('knows names of secrets', () => {
    for (const name of [
      'apiKey',
      'x-functions-key',
      'Authorization',
      'modelApiKey',
      'client_secret',
      'accessToken',
      'DB_PASSWORD',
    ]) {
      assert.equal(namesSecret(name), true, name);
    }
    for (const name of ['key', 'sessionId', 'tokens', 'inputTokenCount', 'monkey', 'code'])
      assert.equal(namesSecret(name), false, name);
  });

  it('takes time in proportion to the text, whatever it holds', () => {
    const hostile = [
      'password=',
      '"apiKey":"',
      'a://',
      'Bearer ',
      '-----BEGIN PRIVATE KEY-----',
      '\\',
      'token: ',
      '='.repeat(50),
    ];
    for (const part of hostile) {
      const text = part.repeat(Math.ceil(200_000 / part.length));
      assert.ok(redact(text).length <= text.length * 2, part);
    }
  });
});
