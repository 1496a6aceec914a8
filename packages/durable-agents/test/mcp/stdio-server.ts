/* Run as a process of its own. `pid` tells which one; `die` ends it in the middle of a call. */
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { weatherServer } from './weather-server.ts';

if (process.argv.includes('--broken')) {
  process.stderr.write('no such station\n');
  process.exit(3);
}
const server = weatherServer();
server.registerTool('pid', { description: 'Process id.', annotations: { readOnlyHint: true } }, () => ({
  content: [{ type: 'text', text: String(process.pid) }],
}));
server.registerTool('env', { description: 'A variable.' }, () => ({
  content: [{ type: 'text', text: `${process.env.STATION}/${process.env.PARENT_SECRET}` }],
}));
server.registerTool('die', { description: 'Ends the process.' }, () => process.exit(1));
await server.connect(new StdioServerTransport());
