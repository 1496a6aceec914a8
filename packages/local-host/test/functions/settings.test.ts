import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Environment } from '../../src/functions/host-json.ts';
import { parseJsonWithComments } from '../../src/functions/json-with-comments.ts';
import { applyEnvironment, isDisabledFunction, readSettings } from '../../src/functions/settings.ts';
import { SettingsError } from '../../src/functions/settings-error.ts';
import { createAppFolder } from './fixtures/app-folder.ts';
import { httpFunction } from './fixtures/fake-app.ts';

function read(files: { host?: string | object; local?: string | object }, environment: Environment = {}) {
  const folder = createAppFolder({
    ...(files.host !== undefined && { 'host.json': files.host }),
    ...(files.local !== undefined && { 'local.settings.json': files.local }),
  });
  return readSettings(folder, environment);
}

test('without files everything has its default', () => {
  const settings = read({});
  assert.equal(settings.routePrefix, 'api');
  assert.equal(settings.taskHubName, 'TestHubName');
  assert.deepEqual(settings.durableTask, {});
  assert.equal(settings.port, undefined);
  assert.deepEqual(settings.cors, { origins: [], credentials: false });
  assert.deepEqual(settings.values, {});
});

test('host.json may hold comments, trailing commas and a byte order mark', () => {
  const settings = read({
    host: `\uFEFF{
      // a comment with "quotes"
      "extensions": { "http": { "routePrefix": "/v1/" }, /* and
      another */ "durableTask": { "hubName": "My//Hub", "maxConcurrentActivityFunctions": 3, }, },
    }`,
  });
  assert.equal(settings.routePrefix, 'v1');
  assert.equal(settings.taskHubName, 'My//Hub');
  assert.equal(settings.durableTask.maxConcurrentActivityFunctions, 3);
});

test('any JSON value is parsed as it is by the parser for commented JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value, null, 1);
      assert.deepEqual(parseJsonWithComments(`/* "a" */${text}// end`), JSON.parse(text));
    }),
  );
});

test('an empty prefix is kept', () => {
  assert.equal(read({ host: { extensions: { http: { routePrefix: '' } } } }).routePrefix, '');
});

test('keys of host.json are found in any case', () => {
  assert.equal(read({ host: { Extensions: { HTTP: { RoutePrefix: 'x' } } } }).routePrefix, 'x');
});

test('variables override host.json, and take the type of what they replace', () => {
  const host = { extensions: { durableTask: { hubName: 'a', n: 1, on: false, list: [1, 2] } } };
  const settings = read(
    { host },
    {
      AzureFunctionsJobHost__extensions__durableTask__hubName: '42',
      AzureFunctionsJobHost__extensions__DurableTask__n: '7',
      AzureFunctionsJobHost__extensions__durableTask__on: 'True',
      AzureFunctionsJobHost__extensions__durableTask__list__1: '9',
      AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: 'mssql',
      'AzureFunctionsJobHost:extensions:http:routePrefix': 'from-colon',
    },
  );
  assert.equal(settings.taskHubName, '42');
  assert.deepEqual(settings.durableTask, {
    hubName: '42',
    n: 7,
    on: true,
    list: [1, 9],
    storageProvider: { type: 'mssql' },
  });
  assert.equal(settings.routePrefix, 'from-colon');
});

test('an override cannot reach the prototype of objects, and one with an empty part is none', () => {
  const environment = {
    AzureFunctionsJobHost__constructor__prototype__polluted: 'x',
    'AzureFunctionsJobHost:__proto__:polluted': 'x',
    AzureFunctionsJobHost__extensions____x: 'x',
  };
  const { hostJson } = read({ host: { extensions: {} } }, environment);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.equal((Object as unknown as Record<string, unknown>).polluted, undefined);
  assert.deepEqual(hostJson, { extensions: {}, constructor: { prototype: { polluted: 'x' } } });
});

test('the hub name falls back to the site name and may refer to variables', () => {
  assert.equal(read({}, { WEBSITE_SITE_NAME: 'site' }).taskHubName, 'site');
  const host = { extensions: { durableTask: { hubName: 'hub-%STAGE%' } } };
  assert.equal(read({ host, local: { Values: { STAGE: 'dev' } } }).taskHubName, 'hub-dev');
  assert.throws(() => read({ host }), { code: 'missingSetting', message: /%STAGE%.*Set STAGE/ });
});

test('values of local.settings.json apply unless the environment has them; null and empty names are skipped', () => {
  const local = { Values: { A: 'file', B: 'file', N: 5, YES: true, NULL: null, '': 'x', Deep__Name: 'd' } };
  const settings = read({ local }, { B: 'environment' });
  assert.deepEqual(settings.values, { A: 'file', N: '5', YES: 'true', Deep__Name: 'd' });
});

test('values of local.settings.json can override host.json', () => {
  const local = { Values: { AzureFunctionsJobHost__extensions__http__routePrefix: 'local' } };
  assert.equal(read({ local }).routePrefix, 'local');
});

test('connection strings, port and CORS are taken from local.settings.json', () => {
  const settings = read({
    local: {
      IsEncrypted: false,
      ConnectionStrings: { Db: 'one', Other: { ConnectionString: 'two', ProviderName: 'p' } },
      Host: { LocalHttpPort: 7080, CORS: 'http://a:1, http://b', CORSCredentials: true },
    },
  });
  assert.deepEqual(settings.values, { 'ConnectionStrings:Db': 'one', 'ConnectionStrings:Other': 'two' });
  assert.equal(settings.port, 7080);
  assert.deepEqual(settings.cors, { origins: ['http://a:1', 'http://b'], credentials: true });
});

const REFUSED: [name: string, files: Parameters<typeof read>[0], code: string, says: RegExp][] = [
  ['encrypted settings', { local: { IsEncrypted: true } }, 'encryptedSettings', /func settings decrypt/],
  ['a broken file', { local: '{' }, 'invalidJson', /local\.settings\.json: .*Correct the file/],
  ['a file that is a list', { host: '[]' }, 'invalidJson', /host\.json/],
  ['nested values', { local: { Values: { A: { B: 1 } } } }, 'invalidSetting', /Values\.A.*"__"/],
  ['values that are a list', { local: { Values: [] } }, 'invalidSetting', /Values/],
  ['a port that is none', { local: { Host: { LocalHttpPort: 'x' } } }, 'invalidSetting', /LocalHttpPort/],
  ['a port out of range', { local: { Host: { LocalHttpPort: 65536 } } }, 'invalidSetting', /65535/],
  ['CORS as a list', { local: { Host: { CORS: ['x'] } } }, 'invalidSetting', /CORS/],
  ['an unknown log level', { host: { logging: { logLevel: { default: 'loud' } } } }, 'invalidSetting', /"loud".*trace/],
  [
    'a time limit in words',
    { host: { functionTimeout: 'soon' } },
    'invalidSetting',
    /host\.json: functionTimeout.*"hh:mm:ss"/,
  ],
  ['a time limit as a number', { host: { functionTimeout: 300 } }, 'invalidSetting', /functionTimeout is 300/],
  ['a time limit of nothing', { host: { functionTimeout: '00:00:00' } }, 'invalidSetting', /at least a second/],
  ['a prefix that is no text', { host: { extensions: { http: { routePrefix: 1 } } } }, 'invalidSetting', /routePrefix/],
];

for (const [name, files, code, says] of REFUSED) {
  test(`${name}: refused as ${code}, naming the file`, () => {
    assert.throws(
      () => read(files),
      (error) => error instanceof SettingsError && error.code === code && says.test(error.message),
    );
  });
}

test('a comma in a broken file is reported at its own position', () => {
  assert.throws(() => read({ host: '{ // c\n  "a" 1\n}' }), { code: 'invalidJson', message: /position 13/ });
});

test('the time limit of functions is read, -1 and none mean that there is no limit', () => {
  assert.equal(read({ host: { functionTimeout: '00:05:00' } }).functionTimeoutMs, 300_000);
  assert.equal(read({ host: { functionTimeout: '-1' } }).functionTimeoutMs, undefined);
  assert.equal(read({ host: { functionTimeout: -1 } }).functionTimeoutMs, undefined);
  assert.equal(read({}).functionTimeoutMs, undefined);
  assert.equal(read({}, { AzureFunctionsJobHost__functionTimeout: '00:00:07' }).functionTimeoutMs, 7_000);
});

test('log levels are read in any case', () => {
  const host = { logging: { logLevel: { default: 'Warning', 'Function.x': 'None' } } };
  assert.deepEqual(read({ host }).logLevels, { default: 'warning', 'Function.x': 'none' });
});

test('the app gets the environment of the Functions host, and keeps what it had', () => {
  const folder = createAppFolder({ 'local.settings.json': { Values: { A: 'file', B: 'file' } } });
  const environment: NodeJS.ProcessEnv = { B: 'own', AZURE_FUNCTIONS_ENVIRONMENT: 'Production' };
  applyEnvironment(readSettings(folder, environment), { appDirectory: folder, port: 7099 }, environment);
  assert.deepEqual(environment, {
    A: 'file',
    B: 'own',
    AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
    AzureWebJobsScriptRoot: folder,
    FUNCTIONS_EXTENSION_VERSION: '~4',
    FUNCTIONS_WORKER_RUNTIME: 'node',
    WEBSITE_HOSTNAME: 'localhost:7099',
  });
});

test('a function is switched off by its setting', () => {
  const fn = httpFunction('hello');
  assert.equal(isDisabledFunction(fn, {}), false);
  assert.equal(isDisabledFunction(fn, { 'AzureWebJobs.hello.Disabled': 'false' }), false);
  assert.equal(isDisabledFunction(fn, { 'AzureWebJobs.hello.Disabled': 'True' }), true);
  assert.equal(isDisabledFunction(fn, { AzureWebJobs__hello__Disabled: '1' }), true);
});

test('a settings file that cannot be read is an error, not an empty file', () => {
  const folder = createAppFolder({ [join('host.json', 'x')]: '' });
  assert.throws(() => readSettings(folder, {}), { code: 'unreadable' });
});
