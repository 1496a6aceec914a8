import { documentPublisher } from './document-publisher.ts';
import { researchAgent } from './research-agent.ts';
import { weatherAgent } from './weather-agent.ts';

/** The agents that the app serves. Add yours here. */
export const agents = [documentPublisher, researchAgent, weatherAgent];
