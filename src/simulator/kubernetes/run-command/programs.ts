/** Programs that the simulator itself is: what some pods really run. */
import type { Container, Pod } from '../objects.js';

export interface Program {
  /** Only a container of this image runs it: admission may have put another one in its place. */
  image: string;
  /** Answers the exit code; rejects when aborted. */
  run(signal: AbortSignal): Promise<number>;
}

/** The programs of one cluster, by pod. */
export class Programs {
  private readonly provided = new Map<string, Program>();

  provide(namespace: string, pod: string, program: Program): void {
    this.provided.set(`${namespace}/${pod}`, program);
  }

  withdraw(namespace: string, pod: string): void {
    this.provided.delete(`${namespace}/${pod}`);
  }

  of({ metadata }: Pod, container: Container): Program | undefined {
    const program = this.provided.get(`${metadata.namespace}/${metadata.name}`);
    return program?.image === container.image ? program : undefined;
  }
}
