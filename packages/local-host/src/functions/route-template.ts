import { parseRoute, type RoutePart, type RouteSegment } from './route-pattern.ts';

/** Decoded values by parameter name as the template spells it. Parameters without a value are absent. */
export type RouteValues = Readonly<Record<string, string>>;

/** A compiled route. Matching takes time linear in the length of the path. */
export class RouteTemplate {
  readonly text: string;
  /** Sorts routes: the smaller string is tried first. One digit per segment, literal text before parameters. */
  readonly precedence: string;
  readonly #segments: readonly RouteSegment[];

  /** @throws RouteError `invalidRoute` */
  constructor(template: string) {
    this.text = template;
    this.#segments = parseRoute(template);
    this.precedence = this.#segments.map(precedenceDigit).join('');
  }

  /** @param path decoded segments of the request path, without the slashes */
  match(path: readonly string[]): RouteValues | undefined {
    const values: Record<string, string> = Object.create(null);
    for (const [index, segment] of this.#segments.entries()) {
      const first = segment[0];
      if (first?.kind === 'parameter' && first.catchAll) {
        return assign(values, first, path.slice(index).join('/')) ? values : undefined;
      }
      const text = path[index];
      // An empty segment (a doubled slash) stands for no value.
      const matched = text === undefined ? fillAbsent(values, segment) : matchSegment(values, segment, text);
      if (!matched) {
        return undefined;
      }
    }
    return path.length > this.#segments.length ? undefined : values;
  }
}

type Parameter = Extract<RoutePart, { kind: 'parameter' }>;

/** The order of ASP.NET: literal, constrained or mixed, parameter, constrained rest, rest. */
function precedenceDigit(segment: RouteSegment): string {
  const [part] = segment;
  if (segment.length > 1) {
    return '2';
  }
  if (part === undefined || part.kind === 'literal') {
    return '1';
  }
  const digit = part.catchAll ? 5 : 3;
  return String(part.constraints.length > 0 ? digit - 1 : digit);
}

function fillAbsent(values: Record<string, string>, segment: RouteSegment): boolean {
  const [part] = segment;
  return segment.length === 1 && part?.kind === 'parameter' && assign(values, part, '');
}

/** An empty value is an absent one: the default takes its place, or the parameter has to be optional. */
function assign(values: Record<string, string>, part: Parameter, text: string): boolean {
  const value = text === '' ? part.defaultValue : text;
  if (value === undefined || value === '') {
    return part.optional || part.catchAll || part.defaultValue !== undefined;
  }
  if (!part.constraints.every((accepts) => accepts(value))) {
    return false;
  }
  values[part.name] = value;
  return true;
}

function matchSegment(values: Record<string, string>, segment: RouteSegment, text: string): boolean {
  const [part] = segment;
  if (segment.length === 1 && part) {
    return part.kind === 'literal' ? sameText(part.text, text) : assign(values, part, text);
  }
  const found: Record<string, string> = {};
  if (matchMixed(found, segment, text)) {
    Object.assign(values, found);
    return true;
  }
  const last = segment.at(-1);
  const withoutOptional = segment.slice(0, -2);
  const canShorten = last?.kind === 'parameter' && last.optional && withoutOptional.length > 0;
  return canShorten && matchSegment(values, withoutOptional, text);
}

/** From the right, each literal at its last possible place: `{a}-{b}` splits `x-y-z` into `x-y` and `z`, as ASP.NET. */
function matchMixed(values: Record<string, string>, segment: RouteSegment, text: string): boolean {
  const lower = lowerAscii(text);
  let end = text.length;
  let index = segment.length - 1;
  const last = segment[index];
  if (last?.kind === 'literal') {
    if (!lower.endsWith(lowerAscii(last.text))) {
      return false;
    }
    end -= last.text.length;
    index--;
  }
  for (; index >= 0; index -= 2) {
    const part = segment[index] as Parameter;
    const before = segment[index - 1];
    const literal = before?.kind === 'literal' ? lowerAscii(before.text) : '';
    const start =
      index === 1 ? (lower.startsWith(literal) ? 0 : -1) : lower.lastIndexOf(literal, end - literal.length - 1);
    const from = before ? start + literal.length : 0;
    if ((before && start < 0) || from >= end || !assign(values, part, text.slice(from, end))) {
      return false;
    }
    end = start;
  }
  return true;
}

function sameText(one: string, other: string): boolean {
  return one.length === other.length && one.toLowerCase() === other.toLowerCase();
}

/** Keeps every character at its place; full case mapping can change the length of a text. */
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
