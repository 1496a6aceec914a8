const df = require('durable-functions');

df.app.activity('double', { handler: (value) => value * 2 });
df.app.activity('breaks', {
  handler: () => {
    throw new Error('out of order');
  },
});

const broken = new Set();
df.app.activity('breaksOnce', {
  handler: (key) => {
    if (broken.has(key)) return 'mended';
    broken.add(key);
    throw new Error('not yet');
  },
});

df.app.orchestration('isMended', function* (context) {
  return yield context.df.callActivity('breaksOnce', context.df.instanceId);
});
df.app.orchestration('echo', function* (context) {
  return { input: context.df.getInput(), version: context.df.version };
});
df.app.orchestration('fails', function* () {
  throw new Error('boom');
});
df.app.orchestration('waits', function* (context) {
  context.df.setCustomStatus({ waitsFor: 'go' });
  return yield context.df.waitForExternalEvent('go');
});
df.app.orchestration('collects', function* (context) {
  const { name, count } = context.df.getInput();
  const seen = [];
  while (seen.length < count) seen.push(yield context.df.waitForExternalEvent(name));
  return seen;
});
// One of each kind of step, so that its history has one of each kind of event.
df.app.orchestration('everyStep', function* (context) {
  const doubled = yield context.df.callActivity('double', 21);
  try {
    yield context.df.callActivity('breaks');
  } catch {
    // Goes on: the failure is what the history has to show.
  }
  yield context.df.callSubOrchestrator('echo', 'child', `${context.df.instanceId}-child`);
  yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 1));
  context.df.signalEntity(new df.EntityId('counter', 'history'), 'add', 1);
  context.df.setCustomStatus({ waitsFor: 'go' });
  yield context.df.waitForExternalEvent('go');
  return doubled;
});
df.app.orchestration('hasChild', function* (context) {
  return yield context.df.callSubOrchestrator('waits', undefined, `${context.df.instanceId}-child`);
});

df.app.entity('counter', (context) => {
  const value = context.df.getState(() => 0);
  switch (context.df.operationName) {
    case 'add':
      context.df.setState(value + (context.df.getInput() ?? 1));
      break;
    case 'keep':
      context.df.setState({ input: context.df.getInput() });
      break;
    case 'delete':
      context.df.destructOnExit();
      break;
    default:
      context.df.return(value);
  }
});
