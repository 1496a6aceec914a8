const { app } = require('@azure/functions');
const df = require('durable-functions');

const extraInputs = [df.input.durableClient()];

/** The client of this request; it uses the public URLs instead of the loopback ones when asked to. */
function clientOf(request, context) {
  const client = df.getClient(context);
  if (request.query.get('urls') === 'public') delete client.clientData.rpcBaseUrl;
  return client;
}

// Calls any method of the durable client with the arguments in the body.
app.http('client', {
  route: 'client/{method}',
  methods: ['POST'],
  extraInputs,
  handler: async (request, context) => {
    const client = clientOf(request, context);
    const args = JSON.parse(await request.text(), (key, value) => {
      if (key.startsWith('createdTime')) return new Date(value);
      return key === '' || !value?.entity ? value : new df.EntityId(value.entity, value.key);
    });
    try {
      const result = await client[request.params.method](...args.map((value) => value ?? undefined));
      return { jsonBody: { result: result ?? null } };
    } catch (error) {
      return { jsonBody: { error: error.message } };
    }
  },
});

app.http('start', {
  route: 'start/{name}',
  methods: ['POST'],
  extraInputs,
  handler: async (request, context) => {
    const client = clientOf(request, context);
    const options = await request.json();
    const id = await client.startNew(request.params.name, options);
    return client.createCheckStatusResponse(request, id);
  },
});

app.http('wait', {
  route: 'wait',
  methods: ['POST'],
  extraInputs,
  handler: async (request, context) => {
    const { id, ...waits } = await request.json();
    return await clientOf(request, context).waitForCompletionOrCreateCheckStatusResponse(request, id, waits);
  },
});
