import { app as functions } from '@azure/functions';
import * as df from 'durable-functions';
import { registerDocumentPublishing } from '../workflows/document-publishing.ts';
import { app } from './app.ts';

const orchestration = registerDocumentPublishing(app);

/** POST /api/documents with {"topic": "…"} starts the orchestration and answers with its status URLs. */
functions.http('start-document-publishing', {
  route: 'documents',
  methods: ['POST'],
  authLevel: 'function',
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const topic = topicOf(await request.text());
    if (topic === undefined) {
      return {
        status: 400,
        jsonBody: { error: 'Send a JSON body with a non-empty "topic", such as {"topic":"Bees"}.' },
      };
    }
    const client = df.getClient(context);
    const instanceId = await client.startNew(orchestration, { input: { topic } });
    return client.createCheckStatusResponse(request, instanceId);
  },
});

function topicOf(body: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const topic = typeof value === 'object' && value !== null && 'topic' in value ? value.topic : undefined;
  return typeof topic === 'string' && topic.trim() !== '' ? topic : undefined;
}
