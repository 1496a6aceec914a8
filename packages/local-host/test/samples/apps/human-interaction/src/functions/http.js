const { app } = require('@azure/functions');
const df = require('durable-functions');

const extraInputs = [df.input.durableClient()];

app.http('submit', {
  route: 'expenses',
  methods: ['POST'],
  extraInputs,
  handler: async (request, context) => {
    const client = df.getClient(context);
    const instanceId = await client.startNew('approveExpense', { input: await request.json() });
    return client.createCheckStatusResponse(request, instanceId);
  },
});

app.http('decide', {
  route: 'expenses/{id}/decision',
  methods: ['POST'],
  extraInputs,
  handler: async (request, context) => {
    await df.getClient(context).raiseEvent(request.params.id, 'Decision', await request.json());
    return { status: 204 };
  },
});
