/** One field: its number, its type (a scalar or a message of the schema), and whether it is a list or a map. */
export type FieldSpec = readonly [number, string] | readonly [number, string, 'repeated' | 'map'];

/** Messages by name, each with its fields by name. Map keys are always strings. Enums are `int32`. */
export type MessageTable = Readonly<Record<string, Readonly<Record<string, FieldSpec>>>>;
