const df = require('durable-functions');
const { app } = require('@azure/functions');
const { leaveMark } = require('../effects.cjs');

df.app.entity('Tally', (context) => {
  const state = context.df.getState(() => ({ sum: 0, seen: [] }));
  const { id, amount } = context.df.getInput();
  state.sum += amount;
  state.seen.push(id);
  context.df.setState(state);
  context.df.return(state.seen.length);
});

df.app.orchestration('tallies', function* (context) {
  const { key, entity } = context.df.getInput();
  const tally = new df.EntityId('Tally', entity);
  const positions = [];
  for (let i = 0; i < 3; i++) {
    context.df.signalEntity(tally, 'add', { id: `${key}/signal-${i}`, amount: 100 });
    positions.push(yield context.df.callEntity(tally, 'add', { id: `${key}/call-${i}`, amount: 10 }));
  }
  return positions;
});

df.app.entity('Account', (context) => {
  const state = context.df.getState(() => ({ balance: 100, touched: [] }));
  const input = context.df.getInput();
  switch (context.df.operationName) {
    case 'balance':
      context.df.return(state.balance);
      return;
    case 'put':
      state.balance = input;
      break;
    case 'touch':
      state.touched.push(input);
      break;
  }
  context.df.setState(state);
});

// Reads, works, and writes back: without the lock, two at once would lose money.
df.app.orchestration('transfer', function* (context) {
  const { key, from, to, amount } = context.df.getInput();
  const [payer, payee] = [new df.EntityId('Account', from), new df.EntityId('Account', to)];
  const lock = yield context.df.lock([payer, payee]);
  const balance = yield context.df.callEntity(payer, 'balance');
  const other = yield context.df.callEntity(payee, 'balance');
  yield context.df.callActivity('work', { key: `${key}/inside`, value: 1, pauseMs: 2 });
  yield context.df.callEntity(payer, 'put', balance - amount);
  yield context.df.callEntity(payee, 'put', other + amount);
  lock.release();
  return yield context.df.callActivity('work', { key: `${key}/outside`, value: balance + other });
});

// A conversation: each message is answered once, by a call that costs money.
df.app.entity('Session', async (context) => {
  const state = context.df.getState(() => ({ turns: [] }));
  const { key, text } = context.df.getInput();
  if (state.turns.some((turn) => turn.key === key)) return;
  await new Promise((resolve) => setTimeout(resolve, 3));
  leaveMark(key, context.df.entityKey);
  state.turns.push({ key, text, answer: `answer ${state.turns.length + 1} to ${text}` });
  context.df.setState(state);
});

app.http('ask', {
  route: 'ask/{session}',
  methods: ['POST'],
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const id = new df.EntityId('Session', request.params.session);
    const { key, text } = await request.json();
    await client.signalEntity(id, 'ask', { key, text });
    for (;;) {
      const { entityState } = await client.readEntityState(id);
      const turn = entityState?.turns.find((one) => one.key === key);
      if (turn !== undefined) return { jsonBody: { answer: turn.answer } };
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  },
});
