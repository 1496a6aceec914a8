const { appendFileSync } = require('node:fs');
const { app } = require('@azure/functions');
const df = require('durable-functions');

df.app.activity('hello', { handler: (name) => `Hello ${name}` });

// Ten activities, one after the other.
df.app.orchestration('sequence', function* (context) {
  const greetings = [];
  for (let i = 0; i < 10; i++) greetings.push(yield context.df.callActivity('hello', `city ${i}`));
  return greetings.length;
});

// Fifty activities at once, and the join.
df.app.orchestration('fanOut', function* (context) {
  const calls = [];
  for (let i = 0; i < 50; i++) calls.push(context.df.callActivity('hello', `city ${i}`));
  const greetings = yield context.df.Task.all(calls);
  return greetings.length;
});

// Waits for an event; the activity after it tells the HTTP function `woken`, so that nobody has to poll.
const woken = new Map();
function wakeUp(id) {
  let entry = woken.get(id);
  if (entry === undefined) {
    const { promise, resolve } = Promise.withResolvers();
    entry = { promise, resolve };
    woken.set(id, entry);
  }
  return entry;
}
df.app.activity('tell', { handler: (id) => wakeUp(id).resolve() });
df.app.orchestration('waits', function* (context) {
  yield context.df.waitForExternalEvent('Go');
  yield context.df.callActivity('tell', context.df.instanceId);
});
app.http('woken', {
  methods: ['GET'],
  route: 'woken/{id}',
  handler: async (request) => {
    const { id } = request.params;
    await wakeUp(id).promise;
    woken.delete(id);
    return { status: 200, body: '{}' };
  },
});

// Ten activities that each take their time and leave a line where a kill cannot take it back.
df.app.activity('work', {
  handler: async ({ id, step, ms }) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    appendFileSync(process.env.BENCH_LEDGER, `${id} ${step}\n`);
    return step;
  },
});
df.app.orchestration('long', function* (context) {
  const { ms } = context.df.getInput();
  for (let step = 0; step < 10; step++) {
    yield context.df.callActivity('work', { id: context.df.instanceId, step, ms });
  }
});

app.http('ping', { methods: ['GET'], handler: async () => ({ body: 'pong' }) });
