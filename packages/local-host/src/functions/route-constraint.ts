import { invalidRoute } from './route-error.ts';

/** Decides whether a decoded value may stand for a parameter. */
export type RouteConstraint = (value: string) => boolean;

const DASHED = '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}';
const GUID = new RegExp(`^(?:[0-9a-f]{32}|${DASHED}|\\{${DASHED}\\}|\\(${DASHED}\\))$`, 'i');

/** Constraints without an argument. */
const PLAIN: Readonly<Record<string, RouteConstraint>> = {
  int: (value) => isWhole(value) && inRange(value, -2147483648n, 2147483647n),
  long: (value) => isWhole(value) && inRange(value, -9223372036854775808n, 9223372036854775807n),
  bool: (value) => /^(?:true|false)$/i.test(value),
  guid: (value) => GUID.test(value),
  alpha: (value) => /^[a-z]*$/i.test(value),
  decimal: (value) => /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(value),
  double: isNumber,
  float: isNumber,
  datetime: (value) => !Number.isNaN(Date.parse(value)),
  required: (value) => value !== '',
};

/** Constraints with arguments; `undefined` means the arguments do not fit. */
const WITH_ARGUMENTS: Readonly<Record<string, (args: readonly (number | undefined)[]) => RouteConstraint | undefined>> =
  {
    minlength: ([least]) => (least === undefined ? undefined : (value) => value.length >= least),
    maxlength: ([most]) => (most === undefined ? undefined : (value) => value.length <= most),
    length: ([least, most = least]) =>
      least === undefined || most === undefined ? undefined : (value) => value.length >= least && value.length <= most,
    min: ([least]) => (least === undefined ? undefined : (value) => isWhole(value) && Number(value) >= least),
    max: ([most]) => (most === undefined ? undefined : (value) => isWhole(value) && Number(value) <= most),
    range: ([least, most]) =>
      least === undefined || most === undefined
        ? undefined
        : (value) => isWhole(value) && Number(value) >= least && Number(value) <= most,
  };

/**
 * Makes one constraint from its text, such as `int` or `range(1,9)`.
 *
 * @throws RouteError `invalidRoute` when it is unknown or its arguments do not fit
 */
export function parseConstraint(template: string, text: string): RouteConstraint {
  const [, name = '', args] = /^([a-z]+)(?:\((.*)\))?$/is.exec(text) ?? [];
  const key = name.toLowerCase();
  if (key === 'regex' && args) {
    return regexConstraint(template, args);
  }
  const plain = Object.hasOwn(PLAIN, key) && args === undefined ? PLAIN[key] : undefined;
  const make = Object.hasOwn(WITH_ARGUMENTS, key) && args !== undefined ? WITH_ARGUMENTS[key] : undefined;
  const constraint = plain ?? make?.((args ?? '').split(',').map(toNumber));
  if (!constraint) {
    const known = [...Object.keys(PLAIN), ...Object.keys(WITH_ARGUMENTS), 'regex'].join(', ');
    throw invalidRoute(template, `"${text}" is not a constraint this host knows (${known})`);
  }
  return constraint;
}

/** Written by the app's author, so it is trusted as code is; matched anywhere in the value, as ASP.NET does. */
function regexConstraint(template: string, source: string): RouteConstraint {
  try {
    const expression = new RegExp(source, 'i');
    return (value) => expression.test(value);
  } catch (error) {
    throw invalidRoute(template, error instanceof Error ? error.message : String(error));
  }
}

function isWhole(value: string): boolean {
  return /^[+-]?\d{1,20}$/.test(value);
}

function isNumber(value: string): boolean {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(value);
}

function inRange(value: string, least: bigint, most: bigint): boolean {
  const number = BigInt(value.startsWith('+') ? value.slice(1) : value);
  return number >= least && number <= most;
}

function toNumber(text: string): number | undefined {
  return /^\s*-?\d+\s*$/.test(text) ? Number(text) : undefined;
}
