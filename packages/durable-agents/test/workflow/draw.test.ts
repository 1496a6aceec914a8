import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.ts';
import { scriptedModel } from '../../src/testing.ts';
import { WorkflowBuilder } from '../../src/workflow/builder.ts';
import { RequestPort } from '../../src/workflow/request-port.ts';
import { node } from './support.ts';

function everything() {
  const start = node('start');
  const agent = new Agent({ name: 'agent', model: scriptedModel([]) });
  const port = RequestPort.create({ id: 'port', response: z.object({ ok: z.boolean() }), timeoutMs: 1000 });
  const [left, right, join, late] = [node('left'), node('right'), node('join'), node('late')];
  const inner = new WorkflowBuilder({ name: 'inner', start: node('within') }).build();
  return new WorkflowBuilder({ name: 'w', start, description: 'All of it.' })
    .addEdge(start, agent, { when: () => true, label: 'if new' })
    .addSwitch(start, (on) => on.case(() => true, port, { maxPasses: 2 }).default(inner))
    .addFanOut(agent as never, [left, right], { select: (_, ids) => ids })
    .addFanIn([left, right], join)
    .addTimeoutEdge(port, late)
    .build();
}

test('a Mermaid chart has each node and edge once, with shapes, styles and states', () => {
  assert.equal(
    everything().toMermaid({ agent: 'running', inner: 'running' }),
    `flowchart TD
  n0["start (start)"]
  n1(["agent"]):::running
  n2{{"port"}}
  subgraph n3["inner"]
    n3_0["within (start)"]
  end
  class n3 running
  n4["left"]
  n5["right"]
  n6["join"]
  n7["late"]
  n0 -.->|"if new"| n1
  n0 -.->|"case 1, max 2"| n2
  n0 -.->|"default"| n3
  n1 -.->|"selected"| n4
  n1 -.->|"selected"| n5
  n4 ==>|"all"| n6
  n5 ==>|"all"| n6
  n2 -.->|"timeout"| n7
  classDef running fill:#cfe4fa,stroke:#0f548c
`,
  );
});

test('a dot graph has the same nodes and edges', () => {
  const dot = everything().toDot({ join: 'failed' });
  assert.match(dot, /^digraph "w" \{\n/);
  assert.match(dot, /"agent" \[label="agent", shape=oval\];/);
  assert.match(dot, /"join" \[label="join", shape=box, style=filled, fillcolor="#fde7e9"\];/);
  assert.match(dot, /subgraph "cluster_inner" \{\n {4}label="inner";/);
  assert.match(dot, /"left" -> "join" \[style=bold, label="all"\];/);
  assert.equal(dot.match(/->/g)?.length, 9);
});

test('no id or label breaks out of a drawing', () => {
  const evil = node('"]; click n0 "javascript:x" <b>');
  const label = '"|n0 --> n1';
  const workflow = new WorkflowBuilder({ name: 'w', start: evil }).addEdge(evil, evil, { label, maxPasses: 1 }).build();
  const lines = workflow.toMermaid().trimEnd().split('\n');
  assert.equal(lines.length, 3);
  for (const line of lines.slice(1)) assert.equal(line.match(/"/g)?.length, 2);
  assert.doesNotMatch(workflow.toMermaid(), /<|javascript:x"/);
  for (const line of workflow.toDot().split('\n')) {
    assert.equal((line.replaceAll('\\"', '').match(/"/g)?.length ?? 0) % 2, 0);
  }
});

test('the graph as JSON has what views need', () => {
  const json = everything().toJson({ port: 'waiting' }) as {
    nodes: Record<string, unknown>[];
    edges: Record<string, unknown>[];
  };
  assert.deepEqual(JSON.parse(JSON.stringify(json)), json);
  const byId = (id: string) => json.nodes.find((one) => one.id === id);
  assert.equal(byId('port')?.state, 'waiting');
  assert.equal(byId('port')?.timeoutMs, 1000);
  assert.equal((byId('port')?.responseSchema as { type?: string } | undefined)?.type, 'object');
  assert.equal(byId('agent')?.agent, 'agent');
  assert.equal((byId('inner')?.workflow as { name?: string } | undefined)?.name, 'inner');
  assert.deepEqual(
    json.edges.map(({ kind }) => kind),
    ['direct', 'switch', 'fanOut', 'fanIn', 'timeout'],
  );
});
