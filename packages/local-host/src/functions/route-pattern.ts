import { parseConstraint, type RouteConstraint } from './route-constraint.ts';
import { invalidRoute } from './route-error.ts';

export interface ParameterPart {
  readonly kind: 'parameter';
  readonly name: string;
  readonly optional: boolean;
  readonly catchAll: boolean;
  readonly defaultValue: string | undefined;
  readonly constraints: readonly RouteConstraint[];
}

export type RoutePart = { readonly kind: 'literal'; readonly text: string } | ParameterPart;

/** The parts between two slashes, in order. */
export type RouteSegment = readonly RoutePart[];

/**
 * Parses a route template in ASP.NET's language: `{name}`, `{name?}`, `{name=default}`, `{name:constraint}`, `{*rest}`,
 * and mixes with literal text such as `{file}.{extension?}`. Doubled braces stand for themselves.
 *
 * @throws RouteError `invalidRoute`
 */
export function parseRoute(template: string): readonly RouteSegment[] {
  const trimmed = template.replace(/^\/|\/$/g, '');
  if (trimmed === '') {
    return [];
  }
  const segments: RoutePart[][] = [[]];
  let literal = '';
  const endLiteral = (): void => {
    if (literal !== '') {
      segments.at(-1)?.push({ kind: 'literal', text: literal });
      literal = '';
    }
  };
  for (let index = 0; index < trimmed.length; index++) {
    const character = trimmed[index] as string;
    if (character === '/') {
      endLiteral();
      segments.push([]);
    } else if ((character === '{' || character === '}') && trimmed[index + 1] === character) {
      literal += character;
      index++;
    } else if (character === '{') {
      endLiteral();
      const end = endOfParameter(template, trimmed, index + 1);
      segments.at(-1)?.push(parseParameter(template, trimmed.slice(index + 1, end)));
      index = end;
    } else if (character === '}') {
      throw invalidRoute(template, 'a "}" has no "{"');
    } else {
      literal += character;
    }
  }
  endLiteral();
  validate(template, segments);
  return segments;
}

function endOfParameter(template: string, text: string, start: number): number {
  for (let index = start; index < text.length; index++) {
    const character = text[index];
    if ((character === '{' || character === '}') && text[index + 1] === character) {
      index++;
    } else if (character === '}') {
      return index;
    } else if (character === '{') {
      break;
    }
  }
  throw invalidRoute(template, 'a "{" has no "}"');
}

function parseParameter(template: string, raw: string): ParameterPart {
  const text = raw.replaceAll('{{', '{').replaceAll('}}', '}');
  const [, stars = '', name = '', tail = ''] = /^(\*{0,2})([^:=?*/{}]+)(.*)$/s.exec(text) ?? [];
  if (name === '') {
    throw invalidRoute(template, `"{${raw}}" is not a parameter`);
  }
  const constraints: RouteConstraint[] = [];
  let rest = tail;
  while (rest.startsWith(':')) {
    const constraint = takeConstraint(rest.slice(1));
    constraints.push(parseConstraint(template, constraint));
    rest = rest.slice(1 + constraint.length);
  }
  if (rest !== '' && rest !== '?' && !rest.startsWith('=')) {
    throw invalidRoute(template, `"{${raw}}" is not a parameter`);
  }
  return {
    kind: 'parameter',
    name,
    optional: rest === '?',
    catchAll: stars !== '',
    defaultValue: rest.startsWith('=') ? rest.slice(1) : undefined,
    constraints,
  };
}

/** Up to the next `:`, `=` or `?` outside of parentheses, which may hold anything. */
function takeConstraint(text: string): string {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index] as string;
    if (character === '(') {
      depth++;
    } else if (character === ')') {
      depth--;
    } else if (depth === 0 && ':=?'.includes(character)) {
      return text.slice(0, index);
    }
  }
  return text;
}

function validate(template: string, segments: readonly RouteSegment[]): void {
  const names = new Set<string>();
  segments.forEach((segment, index) => {
    if (segment.length === 0) {
      throw invalidRoute(template, 'it has an empty segment');
    }
    segment.forEach((part, position) => {
      if (part.kind === 'literal') {
        return;
      }
      const key = part.name.toLowerCase();
      if (names.has(key)) {
        throw invalidRoute(template, `the parameter "${part.name}" appears twice`);
      }
      names.add(key);
      const isLast = index === segments.length - 1;
      if (part.catchAll && (!isLast || segment.length > 1)) {
        throw invalidRoute(template, `"{*${part.name}}" must be the whole last segment`);
      }
      if (segment[position - 1]?.kind === 'parameter') {
        throw invalidRoute(template, 'two parameters need text between them');
      }
      if (part.optional && segment.length > 1) {
        const before = segment[position - 1];
        if (position !== segment.length - 1 || before?.kind !== 'literal' || before.text !== '.') {
          throw invalidRoute(template, `"{${part.name}?}" may follow only a "." at the end of its segment`);
        }
      }
    });
  });
}
