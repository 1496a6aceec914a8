import type { Edge, Graph } from './graph.ts';

/** One arrow of a drawing. */
export interface Arrow {
  from: string;
  to: string;
  label: string | undefined;
  style: 'solid' | 'dashed' | 'thick';
}

/** The arrows of a graph: dashed where a message may not go, thick where one waits for others. */
export function arrowsOf(graph: Graph): Arrow[] {
  return graph.edges.flatMap(arrows);
}

function arrows(edge: Edge): Arrow[] {
  switch (edge.kind) {
    case 'direct': {
      const { from, to, when, maxPasses, label } = edge;
      const text = withBound(label ?? (when === undefined ? undefined : 'condition'), maxPasses);
      return [{ from, to, label: text, style: when === undefined ? 'solid' : 'dashed' }];
    }
    case 'fanOut': {
      const { from, select } = edge;
      const label = select === undefined ? undefined : 'selected';
      return edge.to.map((to) => ({ from, to, label, style: select === undefined ? 'solid' : 'dashed' }));
    }
    case 'switch': {
      const { from, cases, otherwise } = edge;
      return [
        ...cases.map(({ to, label, maxPasses }, index): Arrow => {
          return { from, to, label: withBound(label ?? `case ${index + 1}`, maxPasses), style: 'dashed' };
        }),
        { from, to: otherwise, label: 'default', style: 'dashed' },
      ];
    }
    case 'fanIn':
      return edge.from.map((from) => ({ from, to: edge.to, label: 'all', style: 'thick' }));
    case 'timeout':
      return [{ from: edge.from, to: edge.to, label: 'timeout', style: 'dashed' }];
  }
}

function withBound(label: string | undefined, maxPasses: number | undefined): string | undefined {
  if (maxPasses === undefined) return label;
  return `${label === undefined ? '' : `${label}, `}max ${maxPasses}`;
}
