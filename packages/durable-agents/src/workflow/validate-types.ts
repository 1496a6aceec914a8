import type { JsonSchema } from '../json.ts';
import { type Graph, type GraphNode, sourcesOf, targetsOf } from './graph.ts';
import { type Problem, problem } from './problem.ts';
import { isMessageType, jsonSchemaOf, type ValueSchema } from './schema.ts';

/** Edges whose target can take nothing that comes along them, as far as the schemas say it. */
export function* typeProblems(graph: Graph): Generator<Problem> {
  for (const edge of graph.edges) {
    if (edge.kind === 'timeout') continue;
    for (const target of targetsOf(edge)) {
      const accepted = acceptedBy(graph.nodes.get(target) as GraphNode);
      if (accepted === undefined) continue;
      if (edge.kind === 'fanIn') {
        if (!accepted.some((schema) => mayBe(typesOf(schema), ['array']))) {
          yield mismatch(edge.from.join('", "'), target, 'a fan-in gives a list', 'Let it take an array.');
        }
        continue;
      }
      const [source] = sourcesOf(edge);
      const sent = sentBy(graph.nodes.get(source as string) as GraphNode);
      if (sent === undefined || accepted.some((schema) => canTake(schema, sent))) continue;
      yield mismatch(
        source as string,
        target,
        `it sends ${describe(sent)}`,
        `"${target}" takes ${accepted.map(describe).join(' or ')}: change one of the two, or put an executor between.`,
      );
    }
  }
}

function mismatch(source: string, target: string, why: string, fix: string): Problem {
  return problem('typeMismatch', `"${target}" does not accept what comes from "${source}": ${why}.`, fix);
}

/** Undefined: anything, or unknown. */
function acceptedBy(node: GraphNode): ValueSchema[] | undefined {
  if (node.kind === 'port') return node.executor.request && [node.executor.request];
  if (node.kind !== 'executor') return undefined;
  const schemas = node.executor.handlers.map(({ accepts }) => accepts);
  return schemas.includes(undefined) ? undefined : (schemas as ValueSchema[]);
}

function sentBy(node: GraphNode): ValueSchema | undefined {
  if (node.kind === 'port') return node.executor.response;
  return node.kind === 'executor' ? node.executor.output : undefined;
}

function canTake(accepts: ValueSchema, sent: ValueSchema): boolean {
  // A message of a type goes to the handlers for that type, and to those that name no type.
  if (isMessageType(accepts)) return isMessageType(sent) && accepts.name === sent.name;
  return mayBe(typesOf(sent), typesOf(accepts));
}

function mayBe(sent: readonly string[] | undefined, accepted: readonly string[] | undefined): boolean {
  if (sent === undefined || accepted === undefined) return true;
  return sent.some(
    (type) =>
      accepted.includes(type) ||
      (type === 'integer' && accepted.includes('number')) ||
      // Some numbers are integers: the value decides.
      (type === 'number' && accepted.includes('integer')),
  );
}

/** The JSON types that a schema allows, if it names them. */
function typesOf(schema: ValueSchema): readonly string[] | undefined {
  const { type }: JsonSchema = jsonSchemaOf(schema) ?? {};
  if (typeof type === 'string') return [type];
  return Array.isArray(type) ? type.map(String) : undefined;
}

function describe(schema: ValueSchema): string {
  if (isMessageType(schema)) return `messages of type "${schema.name}"`;
  return (typesOf(schema) ?? ['other values']).join(' or ');
}
