const { app } = require('@azure/functions');
const df = require('durable-functions');

const extraInputs = [df.input.durableClient()];
const counterOf = (request) => new df.EntityId('Counter', request.params.key);

app.http('signal', {
  route: 'counters/{key}/{operation}',
  methods: ['POST'],
  extraInputs,
  handler: async (request, context) => {
    const text = await request.text();
    const input = text === '' ? undefined : JSON.parse(text);
    await df.getClient(context).signalEntity(counterOf(request), request.params.operation, input);
    return { status: 202 };
  },
});

app.http('read', {
  route: 'counters/{key}',
  methods: ['GET'],
  extraInputs,
  handler: async (request, context) => {
    const { entityExists, entityState } = await df.getClient(context).readEntityState(counterOf(request));
    return entityExists ? { jsonBody: entityState } : { status: 404 };
  },
});

app.http('move', {
  route: 'moves',
  methods: ['POST'],
  extraInputs,
  handler: async (request, context) => {
    const client = df.getClient(context);
    const instanceId = await client.startNew('moveCount', { input: await request.json() });
    return await client.waitForCompletionOrCreateCheckStatusResponse(request, instanceId, {
      timeoutInMilliseconds: 10_000,
      retryIntervalInMilliseconds: 20,
    });
  },
});
