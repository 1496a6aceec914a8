const { app } = require('@azure/functions');
const df = require('durable-functions');

const runs = [];

df.app.activity('hello', {
  handler: (name) => {
    runs.push(`hello ${name}`);
    return `Hello ${name}`;
  },
});
df.app.activity('echo', { handler: (value) => value ?? null });
df.app.activity('flaky', {
  handler: ({ key, failures }) => {
    const seen = runs.filter((run) => run === `flaky ${key}`).length;
    runs.push(`flaky ${key}`);
    if (seen < failures) throw new Error(`failure ${seen + 1}`);
    return `ok after ${seen}`;
  },
});
df.app.activity('slow', {
  handler: async (ms) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return ms;
  },
});

df.app.orchestration('sequence', function* (context) {
  const out = [];
  for (const city of ['Tokyo', 'Gdańsk', 'Seattle']) out.push(yield context.df.callActivity('hello', city));
  return out;
});
df.app.orchestration('fanOut', function* (context) {
  const n = context.df.getInput();
  const tasks = [];
  for (let i = 0; i < n; i++) tasks.push(context.df.callActivity('echo', i));
  return yield context.df.Task.all(tasks);
});
df.app.orchestration('retry', function* (context) {
  const { key, failures, attempts } = context.df.getInput();
  const value = yield context.df.callActivityWithRetry('flaky', new df.RetryOptions(1, attempts), { key, failures });
  const after = yield context.df.callActivity('echo', 'after');
  return [value, after];
});
df.app.orchestration('retryInTime', function* (context) {
  const { key, timeoutMs } = context.df.getInput();
  const options = new df.RetryOptions(15, 50);
  options.retryTimeoutInMilliseconds = timeoutMs;
  let failure;
  try {
    yield context.df.callActivityWithRetry('flaky', options, { key, failures: 50 });
  } catch (error) {
    failure = error.message;
  }
  return [failure, yield context.df.callActivity('echo', 'after')];
});
df.app.activity('flakyRuns', { handler: (key) => runs.filter((run) => run === `flaky ${key}`).length });
df.app.orchestration('flakyRunsOf', function* (context) {
  return yield context.df.callActivity('flakyRuns', context.df.getInput());
});
df.app.orchestration('fails', function* (context) {
  yield context.df.callActivity('echo', 1);
  throw new Error('boom');
});
df.app.orchestration('parent', function* (context) {
  const inner = yield context.df.callSubOrchestrator('sequence', undefined);
  let failure;
  try {
    yield context.df.callSubOrchestrator('fails', undefined);
  } catch (error) {
    failure = error.message;
  }
  return { inner, failure };
});
df.app.orchestration('waits', function* (context) {
  const approval = context.df.waitForExternalEvent('Approval');
  const timer = context.df.createTimer(
    new Date(context.df.currentUtcDateTime.getTime() + context.df.getInput().timeoutMs),
  );
  context.df.setCustomStatus({ waiting: true });
  const winner = yield context.df.Task.any([approval, timer]);
  if (winner === approval) {
    timer.cancel();
    return { approved: approval.result };
  }
  return { timedOut: true };
});
df.app.orchestration('nested', function* (context) {
  const { depth, id } = context.df.getInput();
  if (depth === 0) return yield context.df.waitForExternalEvent('A');
  return yield context.df.callSubOrchestrator('nested', { depth: depth - 1, id }, `${id}-${depth - 1}`);
});
df.app.orchestration('twoEvents', function* (context) {
  const first = yield context.df.waitForExternalEvent('A');
  const second = yield context.df.waitForExternalEvent('A');
  return [first, second];
});
df.app.orchestration('counts', function* (context) {
  const n = context.df.getInput();
  yield context.df.callActivity('echo', n);
  if (n < 5) {
    context.df.continueAsNew(n + 1);
    return;
  }
  return `done at ${n}`;
});
df.app.orchestration('usesEntity', function* (context) {
  const id = new df.EntityId('Counter', context.df.getInput().key);
  context.df.signalEntity(id, 'add', 5);
  const value = yield context.df.callEntity(id, 'add', 2);
  let failure;
  try {
    yield context.df.callEntity(id, 'fail');
  } catch (error) {
    failure = String(error.message);
  }
  const after = yield context.df.callEntity(id, 'get');
  return { value, failure, after };
});
df.app.orchestration('racesLoop', function* (context) {
  // One task in several compounds: the classic protocol cannot tell it from a new call.
  const long = context.df.callActivity('slow', 40);
  const seen = [];
  for (let i = 0; i < 3; i++) {
    const quick = context.df.callActivity('echo', i);
    const winner = yield context.df.Task.any([long, quick]);
    seen.push(winner === quick ? quick.result : 'long');
  }
  seen.push(yield long);
  seen.push(yield context.df.callActivity('echo', 'end'));
  return seen;
});

// What an outside service would be: it fails until it is mended. `key` tells runs apart.
const broken = new Set();
globalThis.breakService = (key) => broken.add(key);
globalThis.mendService = (key) => broken.delete(key);
globalThis.countRuns = (run) => runs.filter((entry) => entry === run).length;
df.app.activity('service', {
  handler: ({ key, step }) => {
    runs.push(`${step} ${key}`);
    if (step !== 'first' && broken.has(key)) throw new Error('the service is down');
    return `${step} done`;
  },
});
df.app.orchestration('needsService', function* (context) {
  const { key, how } = context.df.getInput();
  const first = yield context.df.callActivity('service', { key, step: 'first' });
  const second = yield* callService(context, key, how);
  return [first, second, yield context.df.callActivity('echo', 'after')];
});
function* callService(context, key, how) {
  const call = { key, step: 'second' };
  switch (how) {
    case 'retry':
      return yield context.df.callActivityWithRetry('service', new df.RetryOptions(1, 3), call);
    case 'all':
      return yield context.df.Task.all([
        context.df.callActivity('service', { key, step: 'first' }),
        context.df.callActivity('service', call),
        context.df.callActivity('service', { key, step: 'third' }),
      ]);
    case 'sub':
      return yield context.df.callSubOrchestrator('needsService', { key, how: 'plain' });
    case 'entity':
      return yield context.df.callEntity(new df.EntityId('ServiceEntity', key), 'second');
    case 'wrapped':
      try {
        return yield context.df.callActivity('service', call);
      } catch {
        throw new Error('wrapped');
      }
    case 'locked': {
      yield context.df.lock([new df.EntityId('Counter', key)]);
      return yield context.df.callActivity('service', call);
    }
    default:
      return yield context.df.callActivity('service', call);
  }
}
df.app.entity('ServiceEntity', (context) => {
  if (broken.has(context.df.entityId.key)) throw new Error('the service is down');
  context.df.return('second done');
});
df.app.orchestration('version', function* (context) {
  const own = context.df.version;
  if (context.df.getInput() !== 'parent') return own;
  return [
    own,
    yield context.df.callSubOrchestrator('version', 'child'),
    yield context.df.callSubOrchestrator('version', 'child', undefined, '0.9'),
  ];
});
df.app.orchestration('napping', function* (context) {
  return yield context.df.callActivity('slow', context.df.getInput());
});
df.app.orchestration('largeStatus', function* (context) {
  context.df.setCustomStatus('x'.repeat(context.df.getInput()));
  yield context.df.callActivity('echo', 1);
});
let active = 0;
globalThis.mostActive = 0;
df.app.entity('Busy', async (context) => {
  active++;
  globalThis.mostActive = Math.max(globalThis.mostActive, active);
  await new Promise((resolve) => setTimeout(resolve, 5));
  active--;
  context.df.setState(1);
});

df.app.orchestration('calls', function* (context) {
  const response = yield context.df.callHttp(context.df.getInput());
  return [response.statusCode, response.content, yield context.df.callActivity('echo', 'after')];
});

df.app.entity('Counter', (context) => {
  const current = context.df.getState(() => 0);
  switch (context.df.operationName) {
    case 'add':
      context.df.setState(current + context.df.getInput());
      context.df.return(current + context.df.getInput());
      break;
    case 'get':
      context.df.return(current);
      break;
    case 'set':
      context.df.setState(context.df.getInput());
      break;
    case 'fail':
      context.df.setState(999);
      throw new Error('entity failure');
  }
});

app.http('ping', { handler: async () => ({ body: 'pong' }) });

// Plays a program of nested steps and checks that every step gets its own result.
df.app.orchestration('interpret', function* (context) {
  const make = (step) => {
    switch (step.k) {
      case 'act':
        return context.df.callActivity('echo', step.id);
      case 'retry':
        return context.df.callActivityWithRetry('flaky', new df.RetryOptions(10, step.attempts), step.id);
      case 'sub':
        return context.df.callSubOrchestrator('sequence', step.id);
      case 'http':
        return context.df.callHttp({ method: 'POST', url: `http://service.test/${step.id}?polls=${step.polls}` });
      case 'longTimer':
        return context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 20 * 86_400_000));
      case 'timer':
        return context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 1000));
      case 'event':
        return context.df.waitForExternalEvent(step.name);
      case 'entity':
        return context.df.callEntity(new df.EntityId('Counter', 'c'), 'echo', step.id);
      default:
        return step.k === 'all' ? context.df.Task.all(step.of.map(make)) : context.df.Task.any(step.of.map(make));
    }
  };
  const check = (step, result) => {
    if (['act', 'retry', 'sub', 'entity'].includes(step.k) && result !== step.id) {
      throw new Error(`step ${step.id} was answered with ${JSON.stringify(result)}`);
    }
    if (step.k === 'http' && result.content !== step.id) {
      throw new Error(`call ${step.id} was answered with ${JSON.stringify(result)}`);
    }
    if (step.k === 'event' && result !== step.name)
      throw new Error(`event ${step.name} carried ${JSON.stringify(result)}`);
    if (step.k === 'all') for (const [i, child] of step.of.entries()) check(child, result[i]);
  };
  for (const step of context.df.getInput()) {
    if (step.k === 'signal') {
      context.df.signalEntity(new df.EntityId('Counter', 'c'), 'add', 1);
      continue;
    }
    const task = make(step);
    try {
      const result = yield task;
      if (step.k === 'any') {
        const index = task.children.indexOf(result);
        if (step.of[index].k !== 'any' && result.isCompleted) check(step.of[index], result.result);
        for (const [i, child] of task.children.entries()) {
          if (/timer/i.test(step.of[i].k) && !child.isCompleted) child.cancel();
        }
      } else check(step, result);
    } catch (error) {
      if (!/out of luck/.test(error.message)) throw error;
    }
  }
  return 'every step had its own result';
});

// Moves money between two accounts inside a critical section: the sum must stay the same whatever runs beside it.
df.app.orchestration('transfer', function* (context) {
  const { from, to, amount, pause, fail, hold } = context.df.getInput();
  const [a, b] = [new df.EntityId('Counter', from), new df.EntityId('Counter', to)];
  const lock = yield context.df.lock([a, b]);
  const [balanceA, balanceB] = [yield context.df.callEntity(a, 'get'), yield context.df.callEntity(b, 'get')];
  if (pause) yield context.df.callActivity('slow', pause);
  if (fail) throw new Error('failed inside');
  if (hold) yield context.df.waitForExternalEvent('GoOn');
  yield context.df.callEntity(a, 'set', balanceA - amount);
  yield context.df.callEntity(b, 'set', balanceB + amount);
  lock.release();
  yield context.df.callActivity('echo', 'outside');
  return context.df.isLocked().isLocked;
});

app.timer('tick', {
  schedule: '0 0 0 1 1 *',
  runOnStartup: true,
  handler: (timer) => {
    globalThis.ticks = [...(globalThis.ticks ?? []), timer];
  },
});

// Takes the whole process down, as code that calls process.exit does.
df.app.entity('Bomb', (context) => {
  if (context.df.operationName === 'explode') process.exit(1);
  context.df.setState((context.df.getState(() => 0) ?? 0) + 1);
});
df.app.activity('exitNow', { handler: () => process.exit(1) });
df.app.orchestration('throwsBomb', function* (context) {
  return yield context.df.callActivity('exitNow');
});
