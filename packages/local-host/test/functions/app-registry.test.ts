import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppRegistry } from '../../src/functions/app-registry.ts';
import { Disposable } from '../../src/functions/disposable.ts';
import { recordingLogger } from './fixtures/recording-logger.ts';

function create() {
  const recording = recordingLogger();
  return { registry: new AppRegistry(recording.logger), ...recording };
}

const metadata = (name: string) => ({ name, bindings: { t: { type: 'httpTrigger' } } });

test('a log hook that throws does not swallow the line', () => {
  const { registry, text } = create();
  registry.hooks.register('log', () => {
    throw new Error('broken');
  });
  registry.log('information', 'user', 'kept');
  assert.equal(text(), 'information kept (a log hook failed: Error: broken)');
});

test('a log hook that logs is not called for its own lines', () => {
  const { registry, entries } = create();
  registry.hooks.register('log', () => registry.log('information', 'user', 'from the hook'));
  registry.log('information', 'user', 'line');
  assert.deepEqual(
    entries.map(({ message }) => message),
    ['from the hook', 'line'],
  );
});

test('a log hook sees system lines but cannot change them', () => {
  const { registry, entries } = create();
  registry.hooks.register('log', (context) => Object.assign(context, { message: 'changed', level: 'none' }));
  registry.log('warning', 'system', 'as it is');
  assert.deepEqual(entries, [{ level: 'warning', category: 'Worker', message: 'as it is' }]);
});

test('a hook that is registered twice runs twice, and can be removed once', async () => {
  const { registry } = create();
  let calls = 0;
  const hook = () => {
    calls++;
  };
  const first = registry.hooks.register('appStart', hook);
  registry.hooks.register('appStart', hook);
  await registry.hooks.run('appStart', {});
  assert.equal(calls, 2);
  first.dispose();
  first.dispose();
  await registry.hooks.run('appStart', {});
  assert.equal(calls, 3);
});

test('a registration can be taken back while the app loads, and not afterwards', () => {
  const { registry } = create();
  const one = registry.registerFunction(metadata('one'), () => 1);
  const two = registry.registerFunction(metadata('two'), () => 2);
  Disposable.from(one).dispose();
  assert.deepEqual(
    registry.functions.map(({ name }) => name),
    ['two'],
  );
  registry.lock();
  assert.throws(() => two.dispose(), { code: 'registrationClosed' });
});

test('a function is known by its id where it has one', () => {
  const { registry } = create();
  registry.registerFunction({ functionId: 'id', ...metadata('name') }, () => 1);
  registry.registerFunction(metadata('NAME'), () => 2);
  assert.throws(() => registry.registerFunction({ functionId: 'ID', ...metadata('x') }, () => 3), {
    code: 'duplicateFunction',
  });
});

test('two functions whose names differ in case only are refused, and both are named', () => {
  const { registry } = create();
  registry.registerFunction(metadata('Hello'), () => 1);
  assert.throws(() => registry.registerFunction(metadata('hello'), () => 2), {
    code: 'duplicateFunction',
    message: /"Hello" and "hello" have the same name\. Rename one of them; upper and lower case make no difference\./,
  });
});
