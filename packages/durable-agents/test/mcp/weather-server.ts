import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';

/** A real MCP server for the tests, whatever carries it. */
export function weatherServer(onCall: (tool: string, meta: unknown) => void = () => {}): McpServer {
  const server = new McpServer({ name: 'weather', version: '1.0.0' });
  server.registerTool(
    'forecast.get',
    {
      description: 'Forecast of a city.',
      inputSchema: { city: z.string(), days: z.number().int().max(7).optional() },
      annotations: { readOnlyHint: true },
    },
    ({ city, days = 1 }, { _meta }) => {
      onCall('forecast.get', _meta);
      return { content: [{ type: 'text', text: `Sun in ${city} for ${days} day(s).` }] };
    },
  );
  server.registerTool('fail', { description: 'Fails.' }, () => ({
    isError: true,
    content: [{ type: 'text', text: 'The station is closed.' }],
  }));
  server.registerTool(
    'measure',
    { description: 'Structured.', outputSchema: { celsius: z.number() }, annotations: { idempotentHint: true } },
    () => ({ structuredContent: { celsius: 21 }, content: [{ type: 'text', text: '{"celsius":21}' }] }),
  );
  server.registerTool('picture', { description: 'A picture.' }, () => ({
    content: [
      { type: 'text', text: 'The sky:' },
      { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' },
    ],
  }));
  server.registerTool('stuck', { description: 'Never ends.' }, async ({ signal }) => {
    onCall('stuck', undefined);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    onCall('stuck aborted', undefined);
    return { content: [] };
  });
  server.registerTool('walk', { description: 'Reports progress.' }, async ({ _meta, sendNotification }) => {
    if (_meta?.progressToken !== undefined) {
      const params = { progressToken: _meta.progressToken, progress: 1, total: 2, message: 'half way' };
      await sendNotification({ method: 'notifications/progress', params });
      // The client forgets whom to tell once the result is in, and it may read both in one go.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { content: [{ type: 'text', text: 'done' }] };
  });
  server.registerTool('grow', { description: 'Adds a tool.' }, () => {
    server.registerTool('grown', { description: 'New.' }, () => ({ content: [{ type: 'text', text: 'new' }] }));
    return { content: [{ type: 'text', text: 'grown' }] };
  });
  return server;
}
