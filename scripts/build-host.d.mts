export function buildHost(outdir?: string): Promise<string>;
