const df = require('durable-functions');

df.app.orchestration('sequence', function* (context) {
  const { key, steps } = context.df.getInput();
  const results = [];
  for (let step = 0; step < steps; step++) {
    context.df.setCustomStatus({ step });
    results.push(yield context.df.callActivity('work', { key: `${key}/${step}`, value: step * step }));
  }
  return results;
});

df.app.orchestration('fanOut', function* (context) {
  const { key, width } = context.df.getInput();
  const tasks = [];
  for (let i = 0; i < width; i++) {
    tasks.push(context.df.callActivity('work', { key: `${key}/${i}`, value: i, pauseMs: i % 3 }));
  }
  const values = yield context.df.Task.all(tasks);
  return yield context.df.callActivity('work', { key: `${key}/join`, value: values });
});

df.app.orchestration('breaks', function* (context) {
  yield context.df.callActivity('work', { key: context.df.getInput().key, value: 0 });
  throw new Error('broken on purpose');
});

df.app.orchestration('family', function* (context) {
  const { key } = context.df.getInput();
  const child = (name, steps) =>
    context.df.callSubOrchestrator('sequence', { key: `${key}/${name}`, steps }, `${key}-${name}`);
  const first = yield child('first', 1);
  const both = yield context.df.Task.all([child('left', 2), child('right', 1)]);
  let failure;
  try {
    yield context.df.callSubOrchestrator('breaks', { key: `${key}/broken` });
  } catch (error) {
    failure = /broken on purpose/.test(error.message);
  }
  return { first, both, failure };
});

df.app.orchestration('insists', function* (context) {
  const { key } = context.df.getInput();
  const calls = ['a', 'b'].map((name) =>
    context.df.callActivityWithRetry('failsFirst', new df.RetryOptions(20, 5), { key: `${key}/${name}` }),
  );
  const results = yield context.df.Task.all(calls);
  results.push(yield context.df.callActivity('work', { key: `${key}/after`, value: 'after' }));
  return results;
});

df.app.orchestration('rounds', function* (context) {
  const { key, round, sum } = context.df.getInput();
  const value = yield context.df.callActivity('work', { key: `${key}/${round}`, value: round });
  if (round === 4) return sum + value;
  context.df.continueAsNew({ key, round: round + 1, sum: sum + value });
});

df.app.orchestration('once', function* (context) {
  const { key } = context.df.getInput();
  yield context.df.callActivity('work', { key: `${key}/begin`, value: 1 });
  yield context.df.waitForExternalEvent('Go');
  return yield context.df.callActivity('work', { key: `${key}/end`, value: 'ended' });
});
