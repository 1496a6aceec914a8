import { Agent } from 'durable-agents';
import { model } from './model.ts';

export const researchAgent = new Agent({
  name: 'ResearchAgent',
  description: 'Gathers the key facts on a topic.',
  instructions: 'You are a careful researcher. List the most important facts on the topic in a few short points.',
  model,
});
