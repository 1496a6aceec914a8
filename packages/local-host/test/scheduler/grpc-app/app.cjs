// An app as a library would build it that speaks the sidecar protocol inside Functions: triggers that ask for messages,
// and an SDK that answers them.
const { app, trigger } = require('@azure/functions');
const {
  EntityInstanceId,
  NoOpLogger,
  RetryPolicy,
  TaskHubGrpcWorker,
  whenAll,
  whenAny,
} = require('@microsoft/durabletask-js');

const worker = new TaskHubGrpcWorker({ logger: new NoOpLogger() });

function register(type, name, handler) {
  app.generic(name, { trigger: trigger.generic({ type, durableRequiresGrpc: true }), handler });
}
const inBase64 = (answer) => async (request) => {
  const bytes = await answer(Buffer.from(request, 'base64'));
  return Buffer.from(bytes).toString('base64');
};
function orchestrator(name, run) {
  worker.addNamedOrchestrator(name, run);
  register(
    'orchestrationTrigger',
    name,
    inBase64((bytes) => worker.processOrchestratorRequest(bytes)),
  );
}
function entity(name, operations) {
  const run = (operation) => {
    const handler = operations[operation.name];
    if (handler === undefined) throw new RangeError(`no operation ${operation.name}`);
    return handler(operation.state, operation.getInput(), operation.context);
  };
  worker.addNamedEntity(name, () => ({ run }));
  register(
    'entityTrigger',
    name,
    inBase64((bytes) => worker.processEntityBatchRequest(bytes)),
  );
}
const activity = (name, handler) => register('activityTrigger', name, handler);

const attempts = new Map();
activity('echo', (value) => value);
activity('typeOf', (value) => typeof value);
activity('nothing', () => undefined);
activity('flaky', ({ key, failures }) => {
  const count = (attempts.get(key) ?? 0) + 1;
  attempts.set(key, count);
  if (count <= failures) throw new TypeError(`failure ${count}`);
  return `ok after ${count - 1}`;
});

entity('counter', {
  add: (state, amount) => {
    const next = state.getState(0) + amount;
    state.setState(next);
    return next;
  },
  get: (state) => state.getState(0),
  fail: (state) => {
    state.setState(1_000);
    throw new RangeError('no such luck');
  },
  clear: (state) => state.setState(null),
  forward: (_state, { to, amount, inMs }, context) => {
    const signalTime = inMs === undefined ? undefined : new Date(Date.now() + inMs);
    context.signalEntity(new EntityInstanceId('counter', to), 'add', amount, { signalTime });
  },
  start: (_state, id, context) => context.scheduleNewOrchestration('sequence', undefined, { instanceId: id }),
});
const counter = (key) => new EntityInstanceId('Counter', key);

orchestrator('sequence', async function* (context) {
  const out = [];
  for (const value of ['Gdańsk', ' "123"', { a: [1, null] }, 7, false])
    out.push(yield context.callActivity('echo', value));
  out.push(yield context.callActivity('typeOf', '42'));
  out.push((yield context.callActivity('nothing')) === undefined);
  return out;
});
orchestrator('fanOut', async function* (context, n) {
  const tasks = [];
  for (let i = 0; i < n; i++) tasks.push(context.callActivity('echo', i));
  return (yield whenAll(tasks)).reduce((sum, value) => sum + value, 0);
});
orchestrator('waits', async function* (context, timeoutMs) {
  context.setCustomStatus({ waiting: true });
  const approval = context.waitForExternalEvent('Approval');
  const timer = context.createTimer(timeoutMs / 1_000);
  const first = yield whenAny([approval, timer]);
  if (first === timer) return 'timed out';
  return approval.getResult();
});
orchestrator('child', async function* (context, input) {
  if (input === 'fail') throw new RangeError('child broke', { cause: new Error('root') });
  const parent = context.parent;
  return { input: yield context.callActivity('echo', input), parent: parent?.instanceId, version: context.version };
});
orchestrator('parent', async function* (context) {
  const child = yield context.callSubOrchestrator('child', { x: 1 }, { version: '2.0' });
  const named = yield context.callSubOrchestrator('child', 'n', { instanceId: `${context.instanceId}-named` });
  let failure;
  try {
    yield context.callSubOrchestrator('child', 'fail');
  } catch (error) {
    failure = [error.message, error.details?.errorType, error.details?.message];
  }
  return { child, named, failure };
});
orchestrator('retries', async function* (context, { key, failures }) {
  const retry = new RetryPolicy({ maxNumberOfAttempts: 3, firstRetryIntervalInMilliseconds: 2 });
  try {
    return yield context.callActivity('flaky', { key, failures }, { retry });
  } catch (error) {
    return [error.message, error.details?.errorType];
  }
});
orchestrator('entities', async function* (context, key) {
  const id = counter(key);
  context.entities.signalEntity(id, 'add', 5);
  const seen = [yield context.entities.callEntity(id, 'add', 2)];
  try {
    yield context.entities.callEntity(id, 'fail');
  } catch (error) {
    seen.push([error.failureDetails.errorType, error.failureDetails.errorMessage]);
  }
  seen.push(yield context.entities.callEntity(id, 'get'));
  return seen;
});
orchestrator('asks', async function* (context, { key, operation, input }) {
  return yield context.entities.callEntity(counter(key), operation, input);
});
orchestrator('transfer', async function* (context, { from, to, amount, leave }) {
  const lock = yield context.entities.lockEntities(counter(from), counter(to));
  const balance = yield context.entities.callEntity(counter(from), 'get');
  if (leave === 'hold') yield context.waitForExternalEvent('GoOn');
  yield context.createTimer(0.005);
  if (leave === 'fail') throw new Error('left the section');
  yield context.entities.callEntity(counter(from), 'add', -amount);
  yield context.entities.callEntity(counter(to), 'add', amount);
  if (leave !== 'silently') lock.release();
  return balance;
});
orchestrator('rounds', async function* (context, { rounds, got }) {
  if (rounds === 0) return got;
  context.createTimer(3_600);
  const next = yield context.waitForExternalEvent('Next');
  context.setCustomStatus({ seen: next });
  context.continueAsNew({ rounds: rounds - 1, got: [...got, next] }, true);
});
orchestrator('steps', async function* (context, { round, ids }) {
  const id = yield context.callSubOrchestrator('who');
  if (round > 0) context.continueAsNew({ round: round - 1, ids: [...ids, id] });
  return [...ids, id];
});
orchestrator('who', async function* (context) {
  return context.instanceId;
});
orchestrator('sends', async function* (context, { to, name, data }) {
  context.sendEvent(to, name, data);
  return yield context.callActivity('echo', 'sent');
});
orchestrator('fails', async function* (context) {
  yield context.callActivity('echo', 1);
  context.entities.signalEntity(counter('failed'), 'add', 1);
  throw new TypeError('boom');
});
orchestrator('leavesOpen', async function* (context) {
  context.createTimer(3_600);
  return 'done';
});
// Its code is not what it was when the first step ran.
let changes = 0;
orchestrator('changes', async function* (context) {
  changes++;
  if (changes === 1) yield whenAll([context.callActivity('echo', 1), context.callActivity('echo', 2)]);
  else yield context.createTimer(3_600);
});
register('orchestrationTrigger', 'says nothing', async () => undefined);
