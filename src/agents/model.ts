import { chatClientFromEnvironment } from 'durable-agents/openai';

/**
 * The model that all agents here use. Which one it is comes from settings (`local.settings.json` on this machine, app
 * settings on Azure): Azure OpenAI, OpenAI, or any compatible server. With none set, an offline stand-in answers.
 */
export const model = chatClientFromEnvironment();
