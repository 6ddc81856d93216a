/**
 * Long-running operations: work that goes on after its request was answered, and how its clients ask after it
 * (https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations).
 */
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Answer } from '../net/exchange.js';
import { ArmError } from './errors.js';

/** Work that was begun, and how far it is. */
export interface Operation<Result> {
  /** A GUID. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Absent while it goes on. */
  readonly end?: { at: number } & ({ result: Result } | { error: ArmError });
}

/** The operations of one kind. */
export interface Operations<Result> {
  /**
   * Begins work, not before its request was answered. An {@link ArmError} of it is how the operation fails; any other error
   * is thrown when the operation is asked after.
   *
   * @param delayMs how long it goes on before its work is done
   */
  start(
    work: (operation: Operation<Result>) => Promise<Result> | Result,
    delayMs?: number,
  ): Operation<Result>;
  find(id: string): Operation<Result> | undefined;
}

/** @param now milliseconds since the epoch */
export function createOperations<Result>(now: () => number): Operations<Result> {
  const begun = new Map<string, { operation: Operation<Result>; fault?: Error }>();
  return {
    start(work, delayMs = 0) {
      const operation: Operation<Result> = { id: randomUUID(), startedAt: now() };
      const entry: { operation: Operation<Result>; fault?: Error } = { operation };
      begun.set(operation.id, entry);
      const end = (outcome: { result: Result } | { error: ArmError }): void => {
        entry.operation = { ...operation, end: { at: now(), ...outcome } };
      };
      // Holds no process up: a simulator that was stopped has nobody left to ask.
      const due = delayMs > 0 ? setTimeout(delayMs, undefined, { ref: false }) : Promise.resolve();
      void due
        .then(() => work(operation))
        .then(
          (result) => end({ result }),
          (error: unknown) => {
            if (error instanceof ArmError) end({ error });
            else entry.fault = error instanceof Error ? error : new Error(String(error));
          },
        );
      return operation;
    },
    find(id) {
      const entry = begun.get(id.toLowerCase());
      if (entry?.fault !== undefined) throw entry.fault;
      return entry?.operation;
    },
  };
}

/** 202: the work goes on, and these headers say where to ask after it, such as `location`. */
export function accepted(
  headers: Record<string, string>,
  { retryAfterSeconds, body }: { retryAfterSeconds?: number; body?: string } = {},
): Answer {
  return {
    status: 202,
    headers: {
      ...headers,
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
    ...(body === undefined ? {} : { body }),
  };
}
