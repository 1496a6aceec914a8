import { Agent, tool } from 'durable-agents';
import { z } from 'zod';
import { model } from './model.ts';

const skies = ['clear', 'cloudy', 'rainy', 'windy'] as const;

/** A made-up forecast that is always the same for one city and day, so that examples can be repeated. */
const getWeather = tool({
  name: 'get_weather',
  description: 'Weather forecast for a city.',
  parameters: z.object({
    city: z.string().min(1).describe('Name of the city'),
    days: z.number().int().min(0).max(14).default(0).describe('Days from today; 0 is today'),
  }),
  readOnly: true,
  execute: ({ city, days }) => {
    let seed = days;
    for (const character of city.toLowerCase()) seed = (seed * 31 + (character.codePointAt(0) ?? 0)) % 10_007;
    return { city, days, highC: (seed % 30) - 2, sky: skies[seed % skies.length] };
  },
});

export const weatherAgent = new Agent({
  name: 'WeatherAgent',
  description: 'Answers questions about the weather, with a tool.',
  instructions: 'You are a friendly weather assistant. Use get_weather for every forecast.',
  tools: [getWeather],
  model,
});
