/** Causes that a 422 names, in the words of apimachinery pkg/util/validation and pkg/util/validation/field. */
import type { StatusCause } from '../errors.js';

const WORDS = {
  subdomain:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  label:
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  labelValue:
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
} as const;

const PATTERNS = {
  subdomain: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  label: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  labelValue: /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/,
} as const;

const LENGTHS = { subdomain: 253, label: 63, labelValue: 63 } as const;

/** Complains of a text that isn't of its kind. */
export function checkText(kind: keyof typeof WORDS, value: string, field: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!PATTERNS[kind].test(value)) {
    causes.push({ reason: 'FieldValueInvalid', message: `Invalid value: "${value}": ${WORDS[kind]}`, field });
  }
  if (value.length > LENGTHS[kind]) {
    const message = `Invalid value: "${value}": must be no more than ${LENGTHS[kind]} characters`;
    causes.push({ reason: 'FieldValueInvalid', message, field });
  }
  return causes;
}

export const required = (field: string, words = ''): StatusCause => ({
  reason: 'FieldValueRequired',
  message: words === '' ? 'Required value' : `Required value: ${words}`,
  field,
});

export const unsupported = (field: string, value: string, supported: string[]): StatusCause => ({
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: "${value}": supported values: ${supported.map((one) => `"${one}"`).join(', ')}`,
  field,
});

export const invalidValue = (field: string, value: unknown, why: string): StatusCause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  field,
});

export function checkLabels(labels: Record<string, string> | undefined, field: string): StatusCause[] {
  return Object.values(labels ?? {}).flatMap((value) => checkText('labelValue', value, field));
}
