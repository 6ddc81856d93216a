/** A column of a kind's table, and the columns that many kinds have. */
import type { Container, KubeObject, LabelSelector } from '../objects.js';
import { ageOf, images, names, selectorText } from './format.js';

export interface Column<O> {
  name: string;
  type: 'string' | 'integer' | 'boolean' | 'date';
  /** 0 is always shown, 1 only with `-o wide`. */
  priority: 0 | 1;
  /** `name` for the object's name. */
  format: '' | 'name';
  cell(object: O, now: number): string | number | boolean;
}

/** A column that is always shown. */
export function column<O>(
  name: string,
  cell: Column<O>['cell'],
  rest: Partial<Pick<Column<O>, 'type' | 'priority' | 'format'>> = {},
): Column<O> {
  return { name, type: 'string', priority: 0, format: '', cell, ...rest };
}

/** One that is shown with `-o wide` only. */
export function wide<O>(name: string, cell: Column<O>['cell']): Column<O> {
  return column(name, cell, { priority: 1 });
}

export function count<O>(name: string, cell: (object: O) => number | undefined): Column<O> {
  return column(name, (object) => cell(object) ?? 0, { type: 'integer' });
}

export const NAME: Column<KubeObject> = column('Name', ({ metadata }) => metadata.name, { format: 'name' });
export const AGE: Column<KubeObject> = column('Age', ageOf);

/** What workloads show of their pods. */
export function templateColumns<O>(
  containersOf: (object: O) => Container[],
  selectorOf?: (object: O) => LabelSelector | undefined,
): Column<O>[] {
  return [
    wide('Containers', (object) => names(containersOf(object))),
    wide('Images', (object) => images(containersOf(object))),
    ...(selectorOf === undefined ? [] : [wide<O>('Selector', (object) => selectorText(selectorOf(object)))]),
  ];
}
