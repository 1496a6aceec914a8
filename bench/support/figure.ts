/** One measured figure beside what it is held against. */
export interface Figure {
  name: string;
  unit: 'ms' | '/s' | 'MB' | 'times';
  value: number;
  /** What the floor makes of the same work, in the same unit. */
  floor?: number;
  /** Of the value to the floor: the median over the repetitions, each of which measures both. */
  ratio?: number;
  target: string;
  met: boolean;
  note?: string;
}

export function printFigure({ name, unit, value, floor, ratio, target, met, note }: Figure): void {
  const beside = floor === undefined ? '' : `  floor ${show(floor)} ${unit}`;
  const times = ratio === undefined ? '' : `  ratio ${ratio.toFixed(2)}`;
  console.log(`${met ? 'met   ' : 'MISSED'}  ${name}: ${show(value)} ${unit}${beside}${times}  (target ${target})`);
  if (note !== undefined) console.log(`        ${note}`);
}

function show(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 2 : 0);
}
