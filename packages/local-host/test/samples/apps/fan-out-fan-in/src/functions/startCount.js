import { app } from '@azure/functions';
import * as df from 'durable-functions';

app.http('startCount', {
  route: 'shelves/{shelf}/count',
  methods: ['POST'],
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const instanceId = await client.startNew('countShelf', { input: request.params.shelf });
    return client.createCheckStatusResponse(request, instanceId);
  },
});
