export const root: string;
export const hostFlags: readonly string[];
export const nodeFlags: readonly string[];
export function install(): void;
export function projectNode(): string;
export const hostEnvironment: NodeJS.ProcessEnv;
