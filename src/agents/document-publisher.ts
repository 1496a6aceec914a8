import { Agent } from 'durable-agents';
import { model } from './model.ts';

export const documentPublisher = new Agent({
  name: 'DocumentPublisher',
  description: 'Writes well-structured documents on any topic.',
  instructions:
    'You are a professional content writer who creates engaging, well-structured documents for any given topic.',
  model,
});
