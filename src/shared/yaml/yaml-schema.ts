// The part of JSON Schema that our YAML files are described by, and what a schema says of what is not written.

import { type TSchema, Type } from 'typebox';

export type Schema = TSchema & {
  type?: string;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minProperties?: number;
  /** What a value is, for the sentence that says it is wrong. */
  'x-says'?: string;
  /** What the keys of a record are. */
  'x-keys'?: string;
};

/** An object that refuses keys it does not know; what it is for is its description. */
export function section<T extends Record<string, TSchema>>(description: string, properties: T, says?: string) {
  return Type.Object(properties, { additionalProperties: false, description, ...(says && { 'x-says': says }) });
}

/** True if nothing needs to be written: there is a default, or a section of which all can be left out. */
export function canBeLeftOut(schema: Schema): boolean {
  if (schema.default !== undefined) return true;
  const { properties } = schema;
  if (schema.type !== 'object' || !properties) return false;
  return (schema.required ?? []).every((key) => properties[key] !== undefined && canBeLeftOut(properties[key]));
}

/** The value of what can be left out. */
export function whenLeftOut(schema: Schema): unknown {
  return filled(schema, schema.default === undefined ? {} : structuredClone(schema.default));
}

/** A default may itself leave things out: in a section, in a list, in the variant that its `kind` names. */
function filled(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => (schema.items ? filled(schema.items, item) : item));
  if (typeof value !== 'object' || value === null) return value;
  const record = value as Record<string, unknown>;
  const branch = schema.anyOf?.find((one) => one.properties?.['kind']?.const === record['kind']);
  if (branch) return filled(branch, value);
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (record[key] !== undefined) record[key] = filled(property, record[key]);
    else if (property.default !== undefined || (schema.required?.includes(key) && canBeLeftOut(property)))
      record[key] = whenLeftOut(property);
  }
  return record;
}
